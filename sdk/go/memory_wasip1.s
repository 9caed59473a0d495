// Allows functions without a body: see memory_wasip1.go.
