package limit

import "fmt"

// Elements returns [ErrTooLarge] for a JSON text of more than maxElements values.
// Bytes are the wrong bound for what a text costs: a compressed page of 30 KB can
// hold a million empty objects, and each becomes a struct of some hundred bytes. Values are counted by what opens or separates them, outside of strings,
// without decoding anything.
func Elements(text []byte, maxElements int) error {
	count := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[', ',':
			if count++; count > maxElements {
				return fmt.Errorf("%w: more than %d values", ErrTooLarge, maxElements)
			}
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		}
	}
	return nil
}
