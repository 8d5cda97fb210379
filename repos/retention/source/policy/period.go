// Package policy describes what is to be kept.
package policy

import (
	"fmt"
	"time"
)

// Period is a stretch of the calendar: snapshots of the same one compete.
type Period string

const (
	Hourly  Period = "hourly"
	Daily   Period = "daily"
	Weekly  Period = "weekly"
	Monthly Period = "monthly"
	Yearly  Period = "yearly"
)

// Periods are all of them, the shortest first.
var Periods = []Period{Hourly, Daily, Weekly, Monthly, Yearly}

// Label names the period of this kind that t is in, as a clock in t's zone
// shows it: equal labels, same period.
func (p Period) Label(t time.Time) string {
	switch p {
	case Hourly:
		return t.Format("2006-01-02 15h -0700")
	case Daily:
		return t.Format("2006-01-02")
	case Weekly:
		year, week := t.ISOWeek()
		return fmt.Sprintf("%d-W%02d", year, week)
	case Monthly:
		return t.Format("2006-01")
	default:
		return t.Format("2006")
	}
}
