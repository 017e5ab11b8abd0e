// How long to wait before the next try: full jitter, so that a thousand browsers that lost the same server come back
// spread out. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

/**
 * @param {number} failures how many tries have failed in a row (0: none yet)
 * @param {{base?: number, most?: number, random?: () => number}} [options] milliseconds; a source of randomness
 * @returns {number} milliseconds to wait
 */
export function backoff(failures, { base = 1000, most = 30000, random = Math.random } = {}) {
  return Math.round(random() * Math.min(most, base * 2 ** failures));
}
