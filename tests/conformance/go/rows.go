package main

import "tenon"

// one is a column.
type one struct {
	Column string `doc:"Its name."`
}

// clean makes texts upper case, with nothing but the letters and digits of ASCII; null where nothing is left.
func clean(batch tenon.Batch, config one) (tenon.Batch, error) {
	texts, err := tenon.Column[string](batch, config.Column)
	if err != nil {
		return batch, err
	}
	cleaned := tenon.NewBuilder[string](texts.Len())
	var kept []byte
	for row := range texts.Len() {
		text, ok := texts.Get(row)
		kept = kept[:0]
		for i := range len(text) {
			switch char := text[i]; {
			case char >= 'a' && char <= 'z':
				kept = append(kept, char-'a'+'A')
			case char >= 'A' && char <= 'Z', char >= '0' && char <= '9':
				kept = append(kept, char)
			}
		}
		cleaned.AppendOption(string(kept), ok && len(kept) > 0)
	}
	return batch.With(config.Column, cleaned)
}

// branch adds the column `size`, which tells amounts apart.
func branch(batch tenon.Batch, config one) (tenon.Batch, error) {
	amounts, err := tenon.Column[float64](batch, config.Column)
	if err != nil {
		return batch, err
	}
	sizes := make([]string, amounts.Len())
	for row := range sizes {
		switch amount, ok := amounts.Get(row); {
		case !ok:
			sizes[row] = "unknown"
		case amount < 0:
			sizes[row] = "refund"
		case amount < 10:
			sizes[row] = "small"
		case amount < 100:
			sizes[row] = "medium"
		default:
			sizes[row] = "large"
		}
	}
	return batch.With("size", tenon.NewArray(sizes))
}
