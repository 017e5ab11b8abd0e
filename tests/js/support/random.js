// Pseudo-random numbers that a seed reproduces (a Lehmer generator).

/** A function that returns the next number between 0 and 1. */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
