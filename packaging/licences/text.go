package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/google/licensecheck"
)

// enough is the share of a file's words that known licences must explain, in
// percent: what is left are names, years and headings.
const enough = 75

var licenceFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying)([._-].*)?$`)

// licences returns the SPDX identifiers of the texts at the top of the module.
func (m module) licences() (ids []string, err error) {
	files, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if file.IsDir() || !licenceFile.MatchString(file.Name()) || filepath.Ext(file.Name()) == ".go" {
			continue
		}
		found, err := identify(filepath.Join(m.dir, file.Name()))
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	if len(ids) == 0 {
		return nil, errors.New("it has no licence")
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// tag is the line in which a file names its licences itself.
var tag = regexp.MustCompile(`SPDX-License-Identifier: ([A-Za-z0-9.-]+(?: OR [A-Za-z0-9.-]+)*) `)

// identify names the licences whose text, not only whose address, is in a file.
// Of several by choice the file has to say so: then they are one, joined by OR.
func identify(path string) (ids []string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	coverage := licensecheck.Scan(text)
	for _, match := range coverage.Match {
		if !match.IsURL {
			ids = append(ids, match.ID)
		}
	}
	if len(ids) == 0 || coverage.Percent < enough {
		return nil, fmt.Errorf("%s: only %.0f%% of it is a known licence %q", filepath.Base(path), coverage.Percent, ids)
	}
	if said := tag.FindSubmatch(text); said != nil {
		return []string{string(said[1])}, nil
	}
	return ids, nil
}
