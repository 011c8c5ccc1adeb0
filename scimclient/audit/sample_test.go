package audit

import (
	"fmt"
	"math/big"
	"testing"
)

// The bounds are compared with exact arithmetic: binomial coefficients as whole
// numbers, and a search from below.
func TestMostWrong(t *testing.T) {
	t.Parallel()
	type row struct {
		population, sample, found int
		confidence                float64
		want                      int // -1: compare with exactly only
	}
	tests := []row{
		{1_000_000, 3000, 0, 0.95, 996},
		{1_000_000, 3000, 1, 0.95, -1},
		{10_000, 3000, 0, 0.95, 8},
		{100, 100, 0, 0.95, 0},
		{100, 100, 7, 0.99, 7},
		{1, 1, 1, 0.95, 1},
		{100, 1, 1, 0.95, 100},
		{100, 1, 0, 0.95, 95}, // 5 of 100 are right, and one of them is drawn with 5 %
	}
	for population := 1; population <= 40; population += 3 {
		for sample := 1; sample <= population; sample += 2 {
			for found := 0; found <= sample; found++ {
				tests = append(tests, row{population, sample, found, 0.95, -1}, row{population, sample, found, 0.8, -1})
			}
		}
	}
	for _, test := range tests {
		got := mostWrong(test.population, test.sample, test.found, test.confidence)
		want := test.want
		if want < 0 || test.population <= 10_000 {
			want = exactly(test.population, test.sample, test.found, test.confidence)
		}
		if got != want || test.want >= 0 && want != test.want {
			t.Errorf("mostWrong(%d, %d, %d, %v) = %d, want %d", test.population, test.sample, test.found, test.confidence, got, want)
		}
	}
}

// exactly is the greatest number of wrong ones that is seen found times or fewer
// with a probability of at least 1 - confidence.
func exactly(population, sample, found int, confidence float64) int {
	alpha := new(big.Rat).Sub(big.NewRat(1, 1), decimal(confidence))
	last := found
	step := 1
	if population > 10_000 {
		step = 200 // coarse first, then fine
	}
	for wrong := found; wrong <= population-(sample-found); {
		if seenExactly(population, wrong, sample, found).Cmp(alpha) >= 0 {
			last = wrong
			wrong += step
			continue
		}
		if step == 1 {
			break
		}
		wrong, step = last+1, max(1, step/20)
	}
	return last
}

func decimal(f float64) *big.Rat {
	r, _ := new(big.Rat).SetString(fmt.Sprint(f))
	return r
}

// seenExactly multiplies fractions of small numbers: P(0) = Π (N-n-j)/(N-j) over
// the wrong ones j, and P(i+1)/P(i) is a fraction of products.
func seenExactly(population, wrong, sample, found int) *big.Rat {
	if population <= 100 {
		sum := new(big.Rat)
		for i := 0; i <= found; i++ {
			ways := new(big.Int).Mul(new(big.Int).Binomial(int64(wrong), int64(i)), new(big.Int).Binomial(int64(population-wrong), int64(sample-i)))
			sum.Add(sum, new(big.Rat).SetFrac(ways, new(big.Int).Binomial(int64(population), int64(sample))))
		}
		return sum
	}
	p := new(big.Float).SetPrec(200).SetInt64(1)
	ratio := func(a, b int) *big.Float {
		return new(big.Float).SetPrec(200).Quo(new(big.Float).SetInt64(int64(a)), new(big.Float).SetInt64(int64(b)))
	}
	for j := range wrong {
		p.Mul(p, ratio(population-sample-j, population-j))
	}
	sum := new(big.Float).SetPrec(200).Set(p)
	for i := range found {
		p.Mul(p, ratio((wrong-i)*(sample-i), (i+1)*(population-wrong-sample+i+1)))
		sum.Add(sum, p)
	}
	rat, _ := sum.Rat(nil)
	return rat
}

// A bound that is too small is wrong more often than promised: draw samples of a
// directory with one wrong user more than the bound of a clean sample.
func TestMostWrongKeepsItsPromise(t *testing.T) {
	t.Parallel()
	const population, sample = 500, 60
	wrong := mostWrong(population, sample, 0, 0.9) + 1
	clean := 0
	const trials = 1500
	for seed := range trials {
		seen := false
		x := &index{users: newKeys()}
		for i := range population {
			x.users.add(fmt.Sprint(i))
		}
		s, err := choose(Sample{Users: sample, Confidence: 0.9, Seed: uint64(seed)}, x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range wrong {
			seen = seen || s.has(fmt.Sprint(i))
		}
		if !seen {
			clean++
		}
	}
	// 10 % are allowed; 150 ± 12 of 1,500.
	if clean > 195 || clean < 75 {
		t.Errorf("%d of %d samples of a directory with %d wrong users are clean: want 10 %% or a little less", clean, trials, wrong)
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	r := SampleResult{Sample: Sample{Confidence: 0.95}, Checked: 3000, Population: 1_000_000, Attributes: Bound{0, 996}, Memberships: &Bound{2, 2097}}
	want := []string{
		"3,000 of 1,000,000 users checked, none with missing or wrong attributes: with 95 % confidence at most 996 are, fewer than 0.1 %.",
		"3,000 of 1,000,000 users checked, 2 with wrong memberships: with 95 % confidence at most 2,097 are, fewer than 0.21 %.",
	}
	for i, got := range r.statements() {
		if got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
	}
}
