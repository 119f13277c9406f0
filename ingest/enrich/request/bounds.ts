/** How much of a request is looked at. An attacker chooses its length; what lies beyond is said in `request.truncated`. */

/** Parameters of a request, leaves of JSON included. */
export const PARAMETERS = 200
/** Characters of one value, or of a path. */
export const LONGEST = 8192
/** Tokens of one value read as a language. */
export const TOKENS = 3000
/** Brackets within brackets. */
export const DEPTH = 12
/** Layers of encoding. */
export const LAYERS = 5
