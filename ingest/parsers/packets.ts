/** Packet filters that log a packet beside a text that an administrator chose: what was done is a word in it. */
import { type Sort, sortOf } from './categories.ts'

const WORD = /(?:^|[^A-Za-z0-9])((?:drop|den[yi]|reject|block|accept|allow|permit|pass)[A-Za-z_]*)/i
/** Of a packet that was let through, refused, or neither is said. */
export const packetSort = (action: string | undefined): Sort =>
  sortOf({
    category: 'network',
    type:
      action === undefined
        ? 'connection'
        : /^(?:accept|allow|permit|pass)/.test(action)
          ? 'allowed connection'
          : 'denied connection',
  })

/** The word of a prefix that says what was done, in lower case: `DROP_INPUT`, `[UFW BLOCK]`. */
export const actionIn = (text: string): string | undefined => WORD.exec(text)?.[1]?.toLowerCase()
