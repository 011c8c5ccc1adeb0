package behavior

// The rows with a choice.
const (
	SecondTenant       ID = "SecondTenant"
	ThirdToken         ID = "ThirdToken"
	DeletedTokenCounts ID = "DeletedTokenCounts"
	ClaimMappingChange ID = "ClaimMappingChange"
	MissingGroupRule   ID = "MissingGroupRule"
	SecondUsage        ID = "SecondUsage"
	HardDeleteInUse    ID = "HardDeleteInUse"
	DeletedChange      ID = "DeletedChange"
	FreshResource      ID = "FreshResource"
	FreshOperation     ID = "FreshOperation"
	TokensUndelete     ID = "TokensUndelete"
	RevokeReply        ID = "RevokeReply"
	BaseURISlash       ID = "BaseURISlash"
	UnknownTenant      ID = "UnknownTenant"
	DeletedTenant      ID = "DeletedTenant"

	MemberFilter    ID = "MemberFilter"
	EmailRule       ID = "EmailRule"
	LegacyPatch     ID = "LegacyPatch"
	PatchReply      ID = "PatchReply"
	QuotaModel      ID = "QuotaModel"
	QuotaRetryAfter ID = "QuotaRetryAfter"
	ETags           ID = "ETags"
)

// Options are the answers a row can have, the fake's own first.
var Options = map[ID][]string{
	SecondTenant:       {"FAILED_PRECONDITION", "ALREADY_EXISTS"},
	ThirdToken:         {"FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"},
	DeletedTokenCounts: {"NO", "YES"},
	ClaimMappingChange: {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "IGNORED"},
	MissingGroupRule:   {"INVALID_ARGUMENT", "ALLOWED"},
	SecondUsage:        {"FAILED_PRECONDITION", "INVALID_ARGUMENT"},
	HardDeleteInUse:    {"ALLOWED", "FAILED_PRECONDITION"},
	DeletedChange:      {"FAILED_PRECONDITION", "NOT_FOUND"},
	FreshResource:      {"NOT_FOUND", "PERMISSION_DENIED"},
	FreshOperation:     {"NOT_FOUND", "PERMISSION_DENIED", "PENDING"},
	TokensUndelete:     {"SERVED", "NOT_FOUND"},
	RevokeReply:        {"OPERATION", "EMPTY"},
	BaseURISlash:       {"NO", "YES"},
	UnknownTenant:      {"404", "401"},
	DeletedTenant:      {"404", "401", "403"},

	MemberFilter:    {"WORKS", "IGNORED", "EMPTY", "REFUSED"},
	EmailRule:       {"ONE_WORK", "ANY"},
	LegacyPatch:     {"WORKS", "REFUSED"},
	PatchReply:      {"RESOURCE", "NO_CONTENT"},
	QuotaModel:      {"BUCKET", "WINDOW"},
	QuotaRetryAfter: {"NONE", "SECONDS"},
	ETags:           {"OFF", "ON"},
}
