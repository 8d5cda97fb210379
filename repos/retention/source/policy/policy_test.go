package policy

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	p, err := Parse("# production\nyearly all\ndaily 7   # a week\nzone +02:00\nwithin 2d\nquota 1.5TiB\nmonthly 0\n")
	if err != nil {
		t.Fatal(err)
	}
	if want := []Rule{{Daily, 7}, {Yearly, All}}; !reflect.DeepEqual(p.Rules, want) {
		t.Errorf("got %v, want %v", p.Rules, want)
	}
	if _, offset := time.Unix(0, 0).In(p.Zone).Zone(); offset != 7200 {
		t.Errorf("the zone is %d seconds off", offset)
	}
	if p.Within != 48*time.Hour || p.Quota != 3<<39 {
		t.Errorf("within %v, quota %d", p.Within, p.Quota)
	}
}

func TestWrongPolicies(t *testing.T) {
	for text, said := range map[string]string{
		"":                     "keeps nothing",
		"daily 0":              "keeps nothing",
		"daily":                "line 1: a name and a value",
		"daily 7\ndaily 8":     "line 2: daily is there twice",
		"daily seven":          "is no count",
		"daily -1":             "is no count",
		"fortnightly 2":        "\"fortnightly\" is unknown",
		"zone CET\ndaily 1":    "is no zone",
		"within 0h":            "is no age",
		"within 5m":            "is no age",
		"within 9999999999w":   "is no age",
		"quota lots\ndaily 1":  "is no size",
		"daily 1 2\nweekly 10": "line 1",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%q: got %v, want %s", text, err, said)
		}
	}
}
