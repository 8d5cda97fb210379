package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// LineError says on which line of a catalogue something is wrong.
type LineError struct {
	Line int // counted from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// Read reads a catalogue, one snapshot a line.
func Read(r io.Reader) (*Catalogue, error) {
	var snapshots []Snapshot
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		s, err := parse(fields)
		if err != nil {
			return nil, &LineError{number, err}
		}
		snapshots = append(snapshots, s)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return NewCatalogue(snapshots)
}

func parse(fields []string) (Snapshot, error) {
	if len(fields) < 4 {
		return Snapshot{}, errors.New("an id, a time, a kind and a size are needed")
	}
	s := Snapshot{ID: fields[0], Kind: Kind(fields[2])}
	var err error
	if s.Taken, err = time.Parse(time.RFC3339, fields[1]); err != nil {
		return Snapshot{}, fmt.Errorf("%q is no time; write it as in 2024-05-06T01:00:00Z", fields[1])
	}
	if s.Kind != Full && s.Kind != Incremental {
		return Snapshot{}, fmt.Errorf("%q is no kind; use full or incr", fields[2])
	}
	if s.Size, err = ParseSize(fields[3]); err != nil {
		return Snapshot{}, err
	}
	for _, field := range fields[4:] {
		if err := s.option(field); err != nil {
			return Snapshot{}, err
		}
	}
	return s, nil
}

func (s *Snapshot) option(field string) error {
	name, value, _ := strings.Cut(field, "=")
	switch name {
	case "parent":
		s.Parent = value
	case "pin":
		s.Pinned = true
	case "hold":
		hold, err := ParseDate(value)
		if err != nil {
			return err
		}
		s.Hold = hold
	default:
		return fmt.Errorf("%q is unknown; use parent=, pin or hold=", field)
	}
	return nil
}

// Write writes a catalogue so that Read reads the same.
func Write(w io.Writer, c *Catalogue) error {
	for _, s := range c.snapshots {
		line := fmt.Sprintf("%s %s %s %s", s.ID, s.Taken.Format(time.RFC3339), s.Kind, FormatSize(s.Size))
		if s.Parent != "" {
			line += " parent=" + s.Parent
		}
		if s.Pinned {
			line += " pin"
		}
		if !s.Hold.IsZero() {
			line += " hold=" + s.Hold.String()
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
