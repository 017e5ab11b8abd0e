// Exponential backoff with full jitter: browsers that lost the same server at the same time do not retry at the same time.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

/**
 * @param {number} failures how many tries have failed in a row (0: none yet)
 * @param {{base?: number, max?: number, random?: () => number}} [options] milliseconds; a source of randomness
 * @returns {number} milliseconds to wait before the next try
 */
export function backoff(failures, { base = 1000, max = 30000, random = Math.random } = {}) {
  return Math.round(random() * Math.min(max, base * 2 ** failures));
}
