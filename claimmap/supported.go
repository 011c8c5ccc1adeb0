package claimmap

import "slices"

// The keys of a claim mapping.
const (
	keySubject       = "google.subject"
	keyGroup         = "google.group"
	keyDisplayName   = "google.display_name"
	keyProfilePhoto  = "google.profile_photo"
	keyEmail         = "google.email"
	keyPOSIXUsername = "google.posix_username"
	attributePrefix  = "attribute."
)

// googleKeys in the order in which rules are printed and checked.
var googleKeys = [...]string{keySubject, keyGroup, keyDisplayName, keyProfilePhoto, keyEmail, keyPOSIXUsername}

// Source is where a rule of this package was read, and when.
type Source struct {
	URL  string
	Date string // "2026-09", or "2026-04-10" where the page carries a date
}

var (
	// srcSCIM is the reference: the tables "Supported Google Cloud attributes
	// for claim mapping" and "Attribute limitations".
	srcSCIM = Source{"https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim", "2026-09"}
	// srcEntraSeed is the set-up page for Microsoft Entra ID as it stood before
	// users and groups could be taken from SCIM; its table names six pairs.
	srcEntraSeed = Source{"https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra", "before 2026-09"}
	srcEntra     = Source{"https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra", "2026-09"}
	srcOkta      = Source{"https://docs.cloud.google.com/iam/docs/configure-scim-okta", "2026-05-30"}
	srcOIDC      = Source{"https://docs.cloud.google.com/iam/docs/configure-scim-oidc-saml", "2026-04-10"}
	// srcBest gives the newest advice for Microsoft Entra ID.
	srcBest      = Source{"https://docs.cloud.google.com/iam/docs/best-practices-workforce-identity-federation", "2026-11"}
	srcWorkforce = Source{"https://docs.cloud.google.com/iam/docs/workforce-identity-federation", "2026-05"}
)

// SupportedExpression is one line of the list users can be shown: an
// expression that Google documents for a key.
type SupportedExpression struct {
	Key        string // "google.subject"
	Expression string // canonical text, as it is sent

	// Closed says that the key takes only the expressions of this list. For
	// the other keys the list holds Google's samples; what else they take is
	// described under "Grammar" in the package documentation.
	Closed bool

	// Source is the newest page that allows the expression.
	Source Source

	// Since is the oldest page that allows it: Source, or an earlier one.
	Since Source

	// Contradiction says what another sentence of Google's pages has against it;
	// empty if the pages agree. Such an expression is accepted, and
	// [Mapping.Lint] warns.
	Contradiction string
}

const (
	contradictionLowerExternalID = "the table of supported expressions allows lowerAscii() here, the page's limitations allow it only for user.userName and user.emails[0].value"
	contradictionLowerGroup      = "the table of supported expressions allows lowerAscii() here, the page's limitations allow it only for user.userName and user.emails[0].value, never for a group"
)

// supported is the one table of expressions. A test pins it.
var supported = [...]SupportedExpression{
	{Key: keySubject, Expression: "user.externalId", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keySubject, Expression: "user.externalId.lowerAscii()", Closed: true, Source: srcSCIM, Since: srcSCIM, Contradiction: contradictionLowerExternalID},
	{Key: keySubject, Expression: "user.userName", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keySubject, Expression: "user.userName.lowerAscii()", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keySubject, Expression: "user.emails[0].value", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keySubject, Expression: "user.emails[0].value.lowerAscii()", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keyGroup, Expression: "group.externalId", Closed: true, Source: srcSCIM, Since: srcEntraSeed},
	{Key: keyGroup, Expression: "group.externalId.lowerAscii()", Closed: true, Source: srcSCIM, Since: srcSCIM, Contradiction: contradictionLowerGroup},
	{Key: keyGroup, Expression: "group.displayName", Closed: true, Source: srcSCIM, Since: srcOkta},
	{Key: keyGroup, Expression: "group.displayName.lowerAscii()", Closed: true, Source: srcSCIM, Since: srcSCIM, Contradiction: contradictionLowerGroup},

	{Key: keyDisplayName, Expression: "user.displayName", Source: srcSCIM, Since: srcSCIM},
	{Key: keyDisplayName, Expression: "user.name.formatted", Source: srcSCIM, Since: srcSCIM},
	{Key: keyProfilePhoto, Expression: "user.photos.filter(p, p.type == 'thumbnail')[0].value", Source: srcSCIM, Since: srcSCIM},
	{Key: keyProfilePhoto, Expression: "user.photos[0].value", Source: srcSCIM, Since: srcSCIM},
	{Key: keyEmail, Expression: "user.emails.filter(e, e.type == 'work')[0].value", Source: srcSCIM, Since: srcSCIM},
	{Key: keyEmail, Expression: "user.emails[0].value", Source: srcSCIM, Since: srcSCIM},
}

// Supported returns the expressions that Google documents for claim mappings,
// in a fixed order: all there are for google.subject and google.group, and the
// samples for the other keys. The slice is the caller's.
func Supported() []SupportedExpression {
	return slices.Clone(supported[:])
}

// closed returns the row of a key with a closed set, or nil.
func closed(key, expression string) *SupportedExpression {
	for i := range supported {
		if row := &supported[i]; row.Closed && row.Expression == expression && row.Key == key {
			return row
		}
	}
	return nil
}

// expressionsFor lists the documented expressions of a key.
func expressionsFor(key string) []string {
	var list []string
	for i := range supported {
		if supported[i].Key == key {
			list = append(list, supported[i].Expression)
		}
	}
	return list
}

func isClosed(key string) bool { return key == keySubject || key == keyGroup }
