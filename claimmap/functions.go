package claimmap

// function is a function or macro that an expression may call.
type function struct {
	name   string
	member bool // operand.name(…), else name(…)
	args   int  // without the operand
	most   int  // more than args if the rest is optional

	// documented is true if a page shows it in a claim mapping. The others are
	// standard CEL, or join and split, which Google documents for a provider's
	// attribute mapping: accepted with a warning.
	documented bool
	source     Source
}

// functions is the table of what may be called, operators apart.
var functions = [...]function{
	{name: "lowerAscii", member: true, documented: true, source: srcSCIM},
	{name: "filter", member: true, args: 2, documented: true, source: srcSCIM},

	{name: "all", member: true, args: 2, source: srcWorkforce},
	{name: "exists", member: true, args: 2, source: srcWorkforce},
	{name: "exists_one", member: true, args: 2, source: srcWorkforce},
	{name: "map", member: true, args: 2, most: 3, source: srcWorkforce},
	{name: "contains", member: true, args: 1, source: srcWorkforce},
	{name: "startsWith", member: true, args: 1, source: srcWorkforce},
	{name: "endsWith", member: true, args: 1, source: srcWorkforce},
	{name: "matches", member: true, args: 1, source: srcWorkforce},
	{name: "size", member: true, source: srcWorkforce},
	{name: "split", member: true, args: 1, most: 2, source: srcWorkforce},
	{name: "join", member: true, most: 1, source: srcWorkforce},
	{name: "has", args: 1, source: srcWorkforce},
	{name: "size", args: 1, source: srcWorkforce},
	{name: "string", args: 1, source: srcWorkforce},
}

func findFunction(name string, member bool) *function {
	for i := range functions {
		if f := &functions[i]; f.name == name && f.member == member {
			return f
		}
	}
	return nil
}

// refusals say of functions people expect why a claim mapping has them not.
var refusals = map[string]string{
	"upperAscii":    "upper case is documented nowhere",
	"trim":          "it is in cel-go's string library, and Google documents it nowhere",
	"replace":       "it is in cel-go's string library, and Google documents it nowhere",
	"substring":     "it is in cel-go's string library, and Google documents it nowhere",
	"charAt":        "it is in cel-go's string library, and Google documents it nowhere",
	"indexOf":       "it is in cel-go's string library, and Google documents it nowhere",
	"lastIndexOf":   "it is in cel-go's string library, and Google documents it nowhere",
	"reverse":       "it is in cel-go's string library, and Google documents it nowhere",
	"format":        "it is in cel-go's string library, and Google documents it nowhere",
	"extract":       "it is documented for IAM conditions and workload identity, not here",
	"lower":         "CEL calls it lowerAscii()",
	"toLower":       "CEL calls it lowerAscii()",
	"toLowerCase":   "CEL calls it lowerAscii()",
	"lowerCase":     "CEL calls it lowerAscii()",
	"lowercase":     "CEL calls it lowerAscii()",
	"lowerASCII":    "CEL calls it lowerAscii()",
	"lowerascii":    "CEL calls it lowerAscii()",
	"LowerAscii":    "CEL calls it lowerAscii()",
	"downcase":      "CEL calls it lowerAscii()",
	"upper":         "upper case is documented nowhere",
	"toUpperCase":   "upper case is documented nowhere",
	"strip":         "nothing trims a value in CEL as documented by Google",
	"first":         "index the list instead: [0]",
	"getOrDefault":  "it is not CEL",
	"orValue":       "optional values are documented nowhere",
	"concat":        "it is not CEL",
	"regex_replace": "it is not CEL",
}
