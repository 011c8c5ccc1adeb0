package entratest

import (
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
)

// templateSCIM is the synchronization template of a custom app.
const templateSCIM = "scim"

// job is a synchronization job.
// https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjob
type job struct {
	id, template string
	state        string // of the schedule
	raw          []byte // the schema as it was put
	schema       *mapping.Schema

	links   map[string]*link   // by source ID: what the target has of it
	escrows map[string]*escrow // objects that failed
	skipped map[string]bool    // objects that aren't entitled, which the log has said
	initial bool               // the watermark is empty: the next cycle reads everything
	force   bool               // the next cycle lets held deletions through
	next    time.Time          // of the next cycle

	status     status
	quarantine *quarantine
}

const (
	scheduleActive   = "Active"
	scheduleDisabled = "Disabled"
	schedulePaused   = "Paused"
)

// interval is how often a cycle begins.
const interval = 40 * time.Minute

// status is what a job shows of its cycles.
type status struct {
	last, lastSuccess, lastExport execution
	steadyFirst, steadyLast       time.Time
	failures                      int // complete ones in a row
	users, groups                 int // in the target
}

// execution is one cycle.
// https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationtaskexecution
type execution struct {
	id                   string
	began, ended         time.Time
	imported, entitled   int
	exported, escrowed   int
	escrowedReferences   int
	state, code, message string
}

type quarantine struct {
	began, series, next time.Time
	count               int
	reason              string
	code, message       string
}

// newJob makes a job; s.mu is held.
func (s *Server) newJob(a *app, template string) *job {
	j := &job{
		id:       template + "." + strings.ReplaceAll(s.cfg.tenant, "-", "") + "." + s.newID(),
		template: template, state: scheduleDisabled, initial: true,
		links: map[string]*link{}, escrows: map[string]*escrow{}, skipped: map[string]bool{},
	}
	if err := j.setSchema(defaultSchema); err != nil {
		panic(err) // a test reads the embedded schema
	}
	a.jobs = append(a.jobs, j)
	return j
}

// templateOf is the synchronization template of an app. An app of the gallery has one of its own.
func (a *app) templateOf(custom string) string {
	if a.template == custom {
		return templateSCIM
	}
	return "gallery"
}

func listTemplates(c *call) *reply {
	id := c.sp.templateOf(c.cfg.template)
	return c.list(listing{of: "servicePrincipals('" + c.sp.id + "')/synchronization/templates", items: []object{{
		"id": id, "applicationId": c.sp.appID, "default": true, "description": nil, "discoverable": true, "factoryTag": id, "metadata": []any{},
	}}})
}

func listJobs(c *call) *reply {
	l := listing{of: "servicePrincipals('" + c.sp.id + "')/synchronization/jobs"}
	for _, j := range c.sp.jobs {
		l.items = append(l.items, c.jobJSON(c.sp, j))
	}
	return c.list(l)
}

func postJob(c *call) *reply {
	var body struct {
		TemplateID string `json:"templateId"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	if body.TemplateID != c.sp.templateOf(c.cfg.template) {
		return c.badRequest(ruleJobCreate, "Template '%s' isn't available for this application.", clip(body.TemplateID))
	}
	j := c.newJob(c.sp, body.TemplateID)
	o := c.jobJSON(c.sp, j)
	o["@odata.context"] = c.context("servicePrincipals('" + c.sp.id + "')/synchronization/jobs/$entity")
	return created(o)
}

func getJob(c *call) *reply {
	return c.one("servicePrincipals('"+c.sp.id+"')/synchronization/jobs", c.jobJSON(c.sp, c.job), listing{})
}

func deleteJob(c *call) *reply {
	c.sp.jobs = slices.DeleteFunc(c.sp.jobs, func(j *job) bool { return j == c.job })
	c.job.state = scheduleDisabled
	return noContent()
}

func startJob(c *call) *reply {
	if c.job.state != scheduleActive {
		c.job.state = scheduleActive
		c.job.next = c.now
	}
	return noContent()
}

func pauseJob(c *call) *reply {
	c.job.state = schedulePaused
	return noContent()
}

func restartJob(c *call) *reply {
	var body struct {
		Criteria *struct {
			ResetScope string `json:"resetScope"`
		} `json:"criteria"`
	}
	if len(c.body) > 0 {
		if refused := c.decode(&body); refused != nil {
			return refused
		}
	}
	scope := "QuarantineState, Watermark, Escrows"
	if body.Criteria != nil && body.Criteria.ResetScope != "" {
		scope = body.Criteria.ResetScope
	}
	j := *c.job
	for s := range strings.SplitSeq(scope, ",") {
		switch strings.TrimSpace(s) {
		case "Full":
			j.quarantine, j.initial, j.escrows, j.links = nil, true, map[string]*escrow{}, map[string]*link{}
		case "QuarantineState":
			j.quarantine = nil
		case "Watermark":
			j.initial = true
		case "Escrows":
			j.escrows = map[string]*escrow{}
		case "ForceDeletes":
			j.force = true
		default: // None and ConnectorDataStore aren't for callers
			return c.badRequest(ruleRestart, "The resetScope '%s' isn't supported.", clip(s))
		}
	}
	j.state, j.next = scheduleActive, c.now
	*c.job = j
	return noContent()
}

// code is the job's state in one word.
func (j *job) code(configured bool) string {
	switch {
	case j.quarantine != nil:
		return "Quarantine"
	case !configured:
		return "NotConfigured"
	case j.state == schedulePaused:
		return "Paused"
	case j.status.last.began.IsZero():
		return "NotRun"
	case j.state == scheduleDisabled:
		return "Paused"
	}
	return "Active"
}

func (c *call) jobJSON(a *app, j *job) object {
	configured := value(a.secrets, "BaseAddress") != "" && value(a.secrets, "SecretToken") != ""
	s := &j.status
	var held any
	if q := j.quarantine; q != nil {
		held = object{"currentBegan": stamp(q.began), "nextAttempt": stamp(q.next), "seriesBegan": stamp(q.series), "seriesCount": q.count,
			"reason": q.reason, "error": object{"code": q.code, "message": q.message, "tenantActionable": true}}
	}
	counts := []object{}
	if s.users+s.groups > 0 {
		counts = []object{{"key": "User", "value": s.users}, {"key": "Group", "value": s.groups}}
	}
	return object{
		"id": j.id, "templateId": j.template,
		"schedule": object{"expiration": nil, "interval": "PT40M", "state": j.state},
		"status": object{
			"code": j.code(configured), "countSuccessiveCompleteFailures": s.failures, "escrowsPruned": false,
			"lastExecution": s.last.json(), "lastSuccessfulExecution": s.lastSuccess.json(), "lastSuccessfulExecutionWithExports": s.lastExport.json(),
			"progress": []any{}, "quarantine": held, "steadyStateFirstAchievedTime": stamp(s.steadyFirst), "steadyStateLastAchievedTime": stamp(s.steadyLast),
			"synchronizedEntryCountByType": counts, "troubleshootingUrl": nil,
		},
		"synchronizationJobSettings": []object{{"name": "QuarantineTooManyDeletesThreshold", "value": "500"}},
	}
}

func (e *execution) json() any {
	if e.began.IsZero() {
		return nil
	}
	var failed any
	if e.code != "" {
		failed = object{"code": e.code, "message": e.message, "tenantActionable": true}
	}
	return object{
		"activityIdentifier": e.id, "timeBegan": stamp(e.began), "timeEnded": stamp(e.ended), "state": e.state, "error": failed,
		"countImported": e.imported, "countEntitled": e.entitled, "countEntitledForProvisioning": e.entitled,
		"countEscrowed": e.escrowed + e.escrowedReferences, "countEscrowedRaw": e.escrowed + e.escrowedReferences, "countExported": e.exported,
		"countExports": e.exported, "countImportedDeltas": e.imported, "countImportedReferenceDeltas": 0,
	}
}

// AddJob adds a synchronization job to an app, as a person in the portal does, and returns its ID.
func (s *Server) AddJob(principal string) (string, error) {
	id := ""
	err := s.changeApp(principal, func(a *app) error {
		id = s.newJob(a, a.templateOf(s.cfg.template)).id
		return nil
	})
	return id, err
}
