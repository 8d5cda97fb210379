package plan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"example.org/retention/snapshot"
)

// Table writes a plan for people: a line a snapshot, the oldest first, times
// in the given zone.
func Table(w io.Writer, p *Plan, zone *time.Location) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, decision := range p.Decisions {
		s, what := decision.Snapshot, "delete"
		if decision.Kept() {
			what = strings.Join(decision.Reasons, ", ")
		}
		taken := s.Taken.In(zone).Format("2006-01-02 15:04")
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.ID, taken, snapshot.FormatSize(s.Size), what)
	}
	fmt.Fprintf(table, "freed\t\t%s\t\n", snapshot.FormatSize(p.Freed()))
	return table.Flush()
}
