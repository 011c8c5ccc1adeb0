package redact

import (
	"errors"
	"slices"
)

// Error returns err without secrets: see [Text]. An error without one stays as it
// is. Otherwise the result has the clean text, and wraps those errors of err's
// tree that have no secret in them and wrap none. errors.As doesn't reach the
// others: they hold what was taken out.
func Error(err error, known ...string) error {
	if err == nil || isClean(err, known) {
		return err
	}
	e := &scrubbed{text: Text(err.Error(), known...)}
	for _, inner := range unwrap(err) {
		e.keep(inner, known)
	}
	return e
}

type scrubbed struct {
	text string
	kept []error
}

func (e *scrubbed) Error() string   { return e.text }
func (e *scrubbed) Unwrap() []error { return e.kept }

// keep adds the largest clean parts of err's tree.
func (e *scrubbed) keep(err error, known []string) {
	if isClean(err, known) {
		e.kept = append(e.kept, err)
		return
	}
	for _, inner := range unwrap(err) {
		e.keep(inner, known)
	}
}

// isClean reports whether no text in err's tree has a secret.
func isClean(err error, known []string) bool {
	if text := err.Error(); Text(text, known...) != text {
		return false
	}
	return !slices.ContainsFunc(unwrap(err), func(inner error) bool { return !isClean(inner, known) })
}

// unwrap returns what err wraps, without nil.
func unwrap(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.DeleteFunc(slices.Clone(many.Unwrap()), func(e error) bool { return e == nil })
	}
	if one := errors.Unwrap(err); one != nil {
		return []error{one}
	}
	return nil
}
