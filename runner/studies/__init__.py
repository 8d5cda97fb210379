"""What is compared: arms, the matrix, the lock, and whether a comparison is fair."""
