package snapshot

import (
	"fmt"
	"time"
)

const dateLayout = "2006-01-02"

// Date is a day of the calendar, in no zone. The zero Date is none.
type Date struct {
	year  int
	month time.Month
	day   int
}

// ParseDate reads a date as in 2024-06-30.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(dateLayout, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is no date; write it as in 2024-06-30", text)
	}
	return DateOf(t), nil
}

// DateOf is the date that a clock in t's zone shows at t.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Start is the moment at which the day begins in a zone.
func (d Date) Start(zone *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, zone)
}

// End is the moment at which the next day begins in a zone.
func (d Date) End(zone *time.Location) time.Time {
	return time.Date(d.year, d.month, d.day+1, 0, 0, 0, 0, zone)
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Start(time.UTC).Format(dateLayout)
}
