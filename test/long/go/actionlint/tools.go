//go:build tools

// Package tools names the program that the test of the workflows builds.
package tools

import _ "github.com/rhysd/actionlint/cmd/actionlint"
