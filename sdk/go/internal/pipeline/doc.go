// Package pipeline is the way to the host's frames: the real ones in a component, and such as tests need.
package pipeline
