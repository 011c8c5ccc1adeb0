package behavior

// Rows of Secret Manager.
const (
	SecretMethods     ID = "SecretMethods"
	SecretNames       ID = "SecretNames"
	SecretProject     ID = "SecretProject"
	SecretReplication ID = "SecretReplication"
	SecretAnnotations ID = "SecretAnnotations"
	SecretETag        ID = "SecretETag"
	SecretETagChange  ID = "SecretETagChange"
	SecretConsistency ID = "SecretConsistency"
	VersionNumbers    ID = "VersionNumbers"
	VersionStates     ID = "VersionStates"
	VersionDestroyed  ID = "VersionDestroyed"
	VersionFilter     ID = "VersionFilter"
	PayloadSize       ID = "PayloadSize"
	PayloadChecksum   ID = "PayloadChecksum"
	MissingSecret     ID = "MissingSecret"
)

var secretManager = []Section{
	{"Secret Manager", []Row{
		{SecretMethods, D, "Secrets are created, read and patched; versions are added, accessed, read, listed, enabled, disabled and destroyed. Other methods, regional secrets and aliases are 404. Every project exists.", "secretmanager", "", nil},
		{SecretNames, D, "The ID of a secret has 1 to 255 letters, digits, hyphens and underscores: 400 INVALID_ARGUMENT otherwise.", "secretmanager", "", nil},
		{SecretProject, O, "Names in replies have the project's number, whatever the request had.", "secret-terraform", "", []string{"NUMBER", "AS_SENT"}},
		{SecretReplication, D, "A new secret needs a replication policy, automatic or with the replicas' locations.", "secretmanager", "", nil},
		{SecretAnnotations, D, "An annotation's key has 1 to 63 letters, digits, hyphens, underscores and dots; all of them have less than 16 KiB.", "secretmanager", "", nil},
		{SecretETag, D, "A patch of a secret, or a change of a version's state, that gives another etag than the resource has is 400 FAILED_PRECONDITION. Without an etag nothing is compared. addVersion has none.", "secret-etags", "", nil},
		{SecretETagChange, D, "Every patch gives a secret a new etag, also one that changes nothing. A new version, or a version's new state, leaves the secret's as it is.", "secret-etags", "", nil},
		{SecretConsistency, D, "A new version can be accessed by its number at once. What other reads show follows after `WithReplicationLag`.", "secret-consistency", "WithReplicationLag", nil},
		{VersionNumbers, D, "Versions are numbered 1, 2, 3 and so on. latest is the newest one that reads see.", "secretmanager", "", nil},
		{VersionStates, O, "Accessing a version that is disabled or destroyed is 400 FAILED_PRECONDITION.", "secret-states", "", nil},
		{VersionDestroyed, I, "A destroyed version can't be enabled or disabled: 400 FAILED_PRECONDITION.", "secretmanager", "", nil},
		{VersionFilter, I, "The list of versions takes the filter state:STATE and no other; the newest version comes first.", "secret-filter", "", nil},
		{PayloadSize, D, "A version's data is at most 64 KiB: 400 INVALID_ARGUMENT above.", "secret-quotas", "", nil},
		{PayloadChecksum, D, "data that doesn't have the CRC32C in dataCrc32c is 400 INVALID_ARGUMENT. Every version is accessed with its checksum.", "secret-integrity", "", nil},
		{MissingSecret, O, "A secret or version that doesn't exist is 404 NOT_FOUND.", "secret-states", "", nil},
	}},
}
