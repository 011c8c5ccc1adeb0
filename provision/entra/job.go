package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
)

// job is a provisioning job
// (https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjob).
type job struct {
	ID         string `json:"id"`
	TemplateID string `json:"templateId"`
	Schedule   struct {
		State string `json:"state"` // Active, Disabled, Paused
	} `json:"schedule"`
	Status struct {
		Code          string      `json:"code"` // NotConfigured, NotRun, Active, Paused, Quarantine
		Quarantine    *quarantine `json:"quarantine"`
		Failures      int         `json:"countSuccessiveCompleteFailures"`
		Pruned        bool        `json:"escrowsPruned"`
		FirstSteady   time.Time   `json:"steadyStateFirstAchievedTime"`
		LastExecution *execution  `json:"lastExecution"`
		LastSuccess   *execution  `json:"lastSuccessfulExecution"`
		Help          string      `json:"troubleshootingUrl"`
	} `json:"status"`
}

type quarantine struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"seriesBegan"`
	Next   time.Time `json:"nextAttempt"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

type execution struct {
	Began   time.Time `json:"timeBegan"`
	Ended   time.Time `json:"timeEnded"`
	Escrows int       `json:"countEscrowed"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

const (
	template        = "scim" // of a job for a custom application
	codeQuarantine  = "Quarantine"
	stateActive     = "Active"
	reasonDeletions = "TooManyDeletes"
	reasonException = "EncounteredQuarantineException"
)

func (j *job) active() bool { return j.Schedule.State == stateActive }

func (j *job) quarantined() bool {
	return j.Status.Code == codeQuarantine || j.Status.Quarantine != nil && j.Status.Quarantine.Reason != ""
}

// path is a path below a job.
func (j *job) path(a *app, segments ...string) string {
	return a.path(append([]string{"synchronization", "jobs", j.ID}, segments...)...)
}

func (j *job) resource(a *app) string { return a.resource() + "/synchronization/jobs/" + j.ID }

// findJob returns the application's job, nil if there is none. The job must be one
// for SCIM, and the only one: several would push the same people.
func (r *run) findJob(ctx context.Context, a *app) (*job, error) {
	var found struct {
		Value []*job `json:"value"`
	}
	if err := r.get(ctx, call{path: a.path("synchronization", "jobs"), into: &found, resource: a.resource(), need: needReadJob}); err != nil {
		return nil, err
	}
	if len(found.Value) > 1 {
		var ids []string
		for _, j := range found.Value {
			ids = append(ids, j.ID)
		}
		return nil, r.state(a.resource(), "delete all but one", "the application has several provisioning jobs: %s", strings.Join(ids, ", "))
	}
	if len(found.Value) == 0 {
		return nil, nil
	}
	j := found.Value[0]
	switch kind := j.template(); {
	case j.ID == "":
		return nil, r.fail(call{resource: a.resource()}, iamscim.ErrBadReply, errors.New("a job has no ID"))
	case kind != template:
		return nil, r.state(j.resource(a), "use a custom (non-gallery) application; in an old one delete the job, and SetUp creates another",
			"the job has the template %q: only %q understands ?%s", kind, template, flag)
	}
	return j, nil
}

// template is the job's template, of which its ID tells the beginning.
func (j *job) template() string {
	if j.TemplateID != "" {
		return j.TemplateID
	}
	kind, _, _ := strings.Cut(j.ID, ".")
	return kind
}

// readJob reads a job again.
func (r *run) readJob(ctx context.Context, a *app, j *job) (*job, error) {
	now := &job{}
	err := r.get(ctx, call{path: j.path(a), into: now, resource: j.resource(a), need: needReadJob})
	if err == nil && now.ID != j.ID {
		err = r.fail(call{resource: j.resource(a)}, iamscim.ErrBadReply, errors.New("the reply is about another job"))
	}
	return now, err
}

// makeJob creates the job.
//
//	POST /servicePrincipals/ID/synchronization/jobs
func (r *run) makeJob(ctx context.Context, a *app) (*job, error) {
	var offered struct {
		Value []struct {
			ID         string `json:"id"`
			FactoryTag string `json:"factoryTag"`
		} `json:"value"`
	}
	if err := r.get(ctx, call{path: a.path("synchronization", "templates"), into: &offered, resource: a.resource(), need: needReadJob}); err != nil {
		return nil, err
	}
	custom := len(offered.Value) == 0 // then the creation says it
	for _, t := range offered.Value {
		custom = custom || t.ID == template || t.FactoryTag == template
	}
	if !custom {
		return nil, r.state(a.resource(), "use an application that was created as a non-gallery application", "%q is an application of the gallery: it doesn't have the job template %q", a.DisplayName, template)
	}
	j := &job{}
	c := call{
		method: http.MethodPost, path: a.path("synchronization", "jobs"), body: map[string]string{"templateId": template},
		into: j, resource: a.resource() + "/synchronization/jobs", need: needJob,
	}
	var there *job
	look := func(ctx context.Context) (found bool, err error) {
		there, err = r.findJob(ctx, a)
		return there != nil, err
	}
	if err := r.create(ctx, c, look); err != nil {
		return nil, err
	}
	if there == nil && j.ID == "" {
		if _, err := r.await(ctx, look); err != nil {
			return nil, err
		}
	}
	if there != nil {
		j = there
	}
	if j.ID == "" {
		return nil, &iamscim.Error{Op: "entra: " + r.op, Resource: c.resource, Kind: iamscim.ErrNotVisible, Remedy: "call it again later: it finds the job"}
	}
	return j, nil
}

// act makes a job start, pause or restart, and waits until that can be read.
func (r *run) act(ctx context.Context, a *app, j *job, verb string, body any, done func(*job) bool) (*job, error) {
	c := call{method: http.MethodPost, path: j.path(a, verb), body: body, resource: j.resource(a), need: needJob, repeat: true}
	if _, err := r.do(ctx, c); err != nil {
		return nil, err
	}
	var now *job
	seen, err := r.await(ctx, func(ctx context.Context) (bool, error) {
		var err error
		now, err = r.readJob(ctx, a, j)
		return err == nil && done(now), err
	})
	if err == nil && !seen {
		err = &iamscim.Error{
			Op: "entra: " + r.op, Resource: j.resource(a), Kind: iamscim.ErrNotVisible, Remedy: "look at the job again later",
			Err: errors.New("Entra ID accepted " + verb + ", and the job's state is still " + now.Schedule.State),
		}
	}
	return now, err
}
