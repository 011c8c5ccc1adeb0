package entratest

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
)

// defaultSchema is the schema of a new job with the template "scim": the attribute mappings that the
// portal shows for a custom app.
// https://learn.microsoft.com/entra/identity/app-provisioning/customize-application-attributes
//
//go:embed schema.json
var defaultSchema []byte

// getSchema returns the document as it was put, byte for byte.
func getSchema(c *call) *reply { return ok(c.job.raw) }

func putSchema(c *call) *reply {
	var document object
	if refused := c.decode(&document); refused != nil {
		return refused
	}
	if err := c.job.setSchema(c.body); err != nil {
		return c.badRequest(ruleSchemaPut, "The schema isn't valid: %v", err)
	}
	c.job.initial = true
	return noContent()
}

// setSchema replaces the schema. What it doesn't know in it survives.
func (j *job) setSchema(raw []byte) error {
	schema, err := mapping.Parse(raw)
	if err != nil {
		return err
	}
	j.raw, j.schema = bytes.Clone(raw), schema
	return nil
}

// Schema returns the schema of a job.
func (s *Server) Schema(jobID string) ([]byte, error) {
	var raw []byte
	err := s.changeJob(jobID, func(j *job) error {
		raw = bytes.Clone(j.raw)
		return nil
	})
	return raw, err
}

// SetSchema replaces the schema of a job, as somebody in the portal does.
func (s *Server) SetSchema(jobID string, document []byte) error {
	return s.changeJob(jobID, func(j *job) error {
		if err := j.setSchema(document); err != nil {
			return fmt.Errorf("entratest: SetSchema: %w", err)
		}
		j.initial = true
		return nil
	})
}

func (s *Server) changeJob(id string, change func(*job) error) error {
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.apps {
		for _, j := range a.jobs {
			if j.id == id {
				return change(j)
			}
		}
	}
	return fmt.Errorf("entratest: there is no job %q", id)
}
