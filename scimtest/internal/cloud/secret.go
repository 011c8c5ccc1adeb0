package cloud

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/secretmanager/v1"
)

// Secret Manager, where programs keep the tokens: the methods that a store needs.
// https://docs.cloud.google.com/secret-manager/docs/reference/rest

const (
	enabled   = "ENABLED"
	disabled  = "DISABLED"
	destroyed = "DESTROYED"

	maxPayload     = 64 << 10
	maxAnnotations = 16 << 10

	usualVersions = 25
	maxVersions   = 25000
)

var (
	secretID      = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	annotationKey = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)

	crc32c = crc32.MakeTable(crc32.Castagnoli)
)

// secretKind has what the decoding of updates needs.
var secretKind = &kind[secretmanager.Secret]{field: "secret"}

var secretMask = maskRule{
	message:   reflect.TypeFor[secretmanager.Secret](),
	immutable: []string{"replication", "secretType", "tags"},
	output:    []string{"createTime", "policyMember"},
}

// projectNumber is the number of a project, which stands for its id in replies.
func projectNumber(project string) string {
	if strings.Trim(project, "0123456789") == "" {
		return project
	}
	return strconv.FormatUint(100_000_000_000+uint64(crc32.Checksum([]byte(project), crc32c)), 10)
}

// secretName is the key of the secret in the path.
func (c *call) secretName() string {
	return "projects/" + projectNumber(c.vars["project"]) + "/secrets/" + c.vars["secret"]
}

// shownName is the name of a secret or a version in replies.
func (c *call) shownName(name string) string {
	if c.cfg.Choices.Is(behavior.SecretProject, "AS_SENT") {
		return strings.Replace(name, "projects/"+projectNumber(c.vars["project"]), "projects/"+c.vars["project"], 1)
	}
	return name
}

func (c *call) showSecret(v *secretmanager.Secret) any {
	v = clone(v)
	v.Name = c.shownName(v.Name)
	return v
}

func (c *call) showVersion(v *secretmanager.SecretVersion) *secretmanager.SecretVersion {
	v = clone(v)
	v.Name = c.shownName(v.Name)
	return v
}

func (c *call) newSecretETag() string { return `"` + c.cfg.NewID()[:14] + `"` }

// visible is the time from which reads see a write of now.
func (c *call) visible() time.Time { return c.now.Add(c.cfg.Lag) }

func missingSecret(name string) *wire.Refusal {
	return refuse(behavior.MissingSecret, "NOT_FOUND", "Secret [%s] not found.", name)
}

// sameSecretETag refuses a write for another state than the one there is.
func sameSecretETag(name, given, now string) *wire.Refusal {
	if given == "" || given == now {
		return nil
	}
	return refuse(behavior.SecretETag, "FAILED_PRECONDITION", "The etag of [%s] is not the one in the request.", name)
}

func createSecret(c *call) (any, error) {
	id := c.param("secretId")
	if !secretID.MatchString(id) {
		return nil, invalidField(behavior.SecretNames, "secret_id", "Invalid secret_id %q: must be 1 to 255 letters, digits, hyphens and underscores.", wire.Clip(id))
	}
	c.vars["secret"] = id
	v, bad := decode[secretmanager.Secret](c.body, "secret")
	if bad != nil {
		return nil, bad
	}
	if r := v.Replication; r == nil || (r.Automatic == nil) == (r.UserManaged == nil) || r.UserManaged != nil && len(r.UserManaged.Replicas) == 0 {
		return nil, invalidField(behavior.SecretReplication, "secret.replication", "A secret needs one replication policy: automatic, or user_managed with replicas.")
	}
	if bad := checkAnnotations(v); bad != nil {
		return nil, bad
	}
	name := c.secretName()
	if _, taken := c.st.vault[name]; taken {
		return nil, refuse(behavior.NameTaken, "ALREADY_EXISTS", "Secret [%s] already exists.", name)
	}
	v.Name, v.CreateTime, v.Etag = name, formatTime(c.now), c.newSecretETag()
	s := &secret{record: record[secretmanager.Secret]{name: name, created: c.now}}
	s.put(c.now, c.visible(), v)
	c.st.vault[name] = s
	return c.showSecret(v), nil
}

func checkAnnotations(v *secretmanager.Secret) *wire.Refusal {
	size := 0
	var check fieldChecks
	for key, value := range v.Annotations {
		size += len(key) + len(value)
		if !annotationKey.MatchString(key) {
			check.add(behavior.SecretAnnotations, "secret.annotations", "Invalid annotation key %q.", wire.Clip(key))
		}
	}
	if size >= maxAnnotations {
		check.add(behavior.SecretAnnotations, "secret.annotations", "The annotations have %d bytes; they must have less than %d.", size, maxAnnotations)
	}
	return check.refusal()
}

func getSecret(c *call) (any, error) {
	s, ok := c.st.vault[c.secretName()]
	if !ok || s.at(c.now) == nil {
		return nil, missingSecret(c.secretName())
	}
	return c.showSecret(s.at(c.now)), nil
}

// writable is the secret in the path. Writes see what reads may not see yet.
func (c *call) writable() (*secret, error) {
	s, ok := c.st.vault[c.secretName()]
	if !ok {
		return nil, missingSecret(c.secretName())
	}
	return s, nil
}

func patchSecret(c *call) (any, error) {
	s, err := c.writable()
	if err != nil {
		return nil, err
	}
	given, bad := decode[secretmanager.Secret](c.body, "secret")
	if bad != nil {
		return nil, bad
	}
	v, named, bad := merge(c, secretKind, &s.record, secretMask, true)
	if bad != nil {
		return nil, bad
	}
	for _, field := range secretMask.immutable {
		if namedAny(named, field) {
			return nil, invalidField(behavior.MaskPaths, "update_mask", "Invalid update mask: %q is immutable.", field)
		}
	}
	if bad := checkAnnotations(v); bad != nil {
		return nil, bad
	}
	if bad := sameSecretETag(s.name, given.Etag, s.newest().Etag); bad != nil {
		return nil, bad
	}
	v.Etag = c.newSecretETag()
	s.put(c.now, c.visible(), v)
	return c.showSecret(v), nil
}

func addVersion(c *call) (any, error) {
	s, err := c.writable()
	if err != nil {
		return nil, err
	}
	request, bad := decode[secretmanager.AddSecretVersionRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	if request.Payload == nil {
		return nil, invalidField(behavior.PayloadSize, "payload", "payload is required.")
	}
	data, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(request.Payload.Data))
	if err != nil {
		return nil, invalidField(behavior.BodyFields, "payload.data", "Invalid value at 'payload.data' (TYPE_BYTES), Base64 decoding failed.")
	}
	if len(data) > maxPayload {
		return nil, invalidField(behavior.PayloadSize, "payload.data", "The payload has %d bytes, more than %d.", len(data), maxPayload)
	}
	sum := int64(crc32.Checksum(data, crc32c))
	if given := request.Payload.DataCrc32c; given != 0 && given != sum {
		return nil, invalidField(behavior.PayloadChecksum, "payload.data_crc32c", "The checksum of the payload does not match its data.")
	}
	v := &secretmanager.SecretVersion{
		Name:  fmt.Sprintf("%s/versions/%d", s.name, len(s.added)+1),
		State: enabled, CreateTime: formatTime(c.now), Etag: c.newSecretETag(),
		ClientSpecifiedPayloadChecksum: request.Payload.DataCrc32c != 0,
	}
	added := &secretVersion{record[secretmanager.SecretVersion]{name: v.Name, created: c.now}, data}
	added.put(c.now, c.visible(), v)
	s.added = append(s.added, added)
	return c.showVersion(v), nil
}

// version is the version in the path, for a write or an access: by its number at
// once, as "latest" once reads see it.
func (c *call) version() (*secretVersion, error) {
	s, err := c.writable()
	if err != nil {
		return nil, err
	}
	id := c.vars["version"]
	if id == "latest" {
		for _, v := range slices.Backward(s.added) {
			if v.at(c.now) != nil {
				return v, nil
			}
		}
	}
	if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= len(s.added) && strconv.Itoa(n) == id {
		return s.added[n-1], nil
	}
	return nil, refuse(behavior.MissingSecret, "NOT_FOUND", "Secret Version [%s/versions/%s] not found.", s.name, wire.Clip(id))
}

func accessVersion(c *call) (any, error) {
	v, err := c.version()
	if err != nil {
		return nil, err
	}
	seen := v.at(c.now)
	if seen == nil {
		seen = v.newest()
	}
	// What is destroyed can't be shown, whatever a replica believes.
	if state := seen.State; state != enabled || v.data == nil {
		return nil, refuse(behavior.VersionStates, "FAILED_PRECONDITION", "Secret Version [%s] is in %s state.", v.name, v.newest().State)
	}
	return &secretmanager.AccessSecretVersionResponse{
		Name: c.shownName(v.name),
		Payload: &secretmanager.SecretPayload{
			Data:       base64.StdEncoding.EncodeToString(v.data),
			DataCrc32c: int64(crc32.Checksum(v.data, crc32c)),
		},
	}, nil
}

func getVersion(c *call) (any, error) {
	v, err := c.version()
	if err != nil {
		return nil, err
	}
	if v.at(c.now) == nil {
		return nil, refuse(behavior.MissingSecret, "NOT_FOUND", "Secret Version [%s] not found.", v.name)
	}
	return c.showVersion(v.at(c.now)), nil
}

func listVersions(c *call) (any, error) {
	s, ok := c.st.vault[c.secretName()]
	if !ok || s.at(c.now) == nil {
		return nil, missingSecret(c.secretName())
	}
	filter := c.param("filter")
	state, ok := strings.CutPrefix(filter, "state:")
	if filter != "" && (!ok || !slices.Contains([]string{enabled, disabled, destroyed}, state)) {
		return nil, invalidField(behavior.VersionFilter, "filter", "Invalid filter %q: the fake knows state:ENABLED, state:DISABLED and state:DESTROYED.", wire.Clip(filter))
	}
	size, bad := c.pageSize(usualVersions, maxVersions)
	if bad != nil {
		return nil, bad
	}
	skip := 0
	if token := c.param("pageToken"); token != "" {
		n, err := strconv.Atoi(token)
		if err != nil || n < 0 {
			return nil, invalidField(behavior.PageToken, "page_token", "Invalid page_token %q.", wire.Clip(token))
		}
		skip = n
	}
	reply := &secretmanager.ListSecretVersionsResponse{}
	var matching []*secretmanager.SecretVersion
	for _, v := range slices.Backward(s.added) {
		if seen := v.at(c.now); seen != nil && (filter == "" || seen.State == state) {
			matching = append(matching, c.showVersion(seen))
		}
	}
	reply.TotalSize = int64(len(matching))
	matching = matching[min(skip, len(matching)):]
	if len(matching) > size {
		matching = matching[:size]
		reply.NextPageToken = strconv.Itoa(skip + size)
	}
	reply.Versions = matching
	return reply, nil
}

func enableVersion(c *call) (any, error)  { return c.setVersion(enabled) }
func disableVersion(c *call) (any, error) { return c.setVersion(disabled) }
func destroyVersion(c *call) (any, error) { return c.setVersion(destroyed) }

func (c *call) setVersion(state string) (any, error) {
	v, err := c.version()
	if err != nil {
		return nil, err
	}
	// The three requests have the same fields.
	request, bad := decode[secretmanager.DisableSecretVersionRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	if v.newest().State == destroyed {
		return nil, refuse(behavior.VersionDestroyed, "FAILED_PRECONDITION", "Secret Version [%s] is in DESTROYED state.", v.name)
	}
	if bad := sameSecretETag(v.name, request.Etag, v.newest().Etag); bad != nil {
		return nil, bad
	}
	next := clone(v.newest())
	next.State, next.Etag = state, c.newSecretETag()
	if state == destroyed {
		next.DestroyTime = formatTime(c.now)
		v.data = nil
	}
	v.put(c.now, c.visible(), next)
	return c.showVersion(next), nil
}
