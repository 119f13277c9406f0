/**
 * What a word is, to a store that keeps beside an event which words are in it: letters in a row, three at least. What could be
 * hexadecimal is none: of addresses and numbers there is no end, and what has no end is not worth keeping. Everything beyond
 * ASCII counts as a letter, so that no character is cut.
 */
import { type Filter, isAny, type Leaf, type Pattern } from './filter.ts'
import { fold, foldPattern } from './match.ts'

/** The fields whose words are kept together: those of free text that differ from event to event. */
export const WORDED: readonly string[] = ['event.original', 'url.decoded', 'error.message']

const RUN = /[a-zA-Z\u0080-\u{10ffff}]{3,}/gu
const HEXADECIMAL = /^[a-f]*$/

/** The words of a text, folded. */
export const wordsOf = (text: string): string[] =>
  (text.match(RUN) ?? []).map(fold).filter((word) => !HEXADECIMAL.test(word))

/**
 * What is looked for in the words of an event: it has them all, whatever more each is part of, where the pattern is in one of
 * its texts; `exact`: and only there. Undefined: the pattern holds no word, or is bound to an end of the text.
 */
export interface Wanted {
  readonly words: readonly string[]
  readonly exact: boolean
}
export const wantedOf = (pattern: Pattern): Wanted | undefined => {
  const folded = foldPattern(pattern)
  // A run at the edge of the pattern may go on in the text, and is looked for inside of words as well.
  const words = [...new Set(folded.flatMap((part) => (typeof part === 'string' ? wordsOf(part) : [])))]
  if (words.length === 0) return undefined
  const exact = folded.length === 3 && isAny(folded[0]!) && folded[1] === words[0] && isAny(folded[2]!)
  return { words, exact }
}

type Like = Extract<Leaf, { op: 'like' }>
/** The part of an `or` that looks for one pattern in all of the worded fields, if there is one. */
export const freeText = (of: readonly Filter[]): { pattern: Pattern; leaves: readonly Like[] } | undefined => {
  const likes = of.filter((part) => part.op === 'like' && !part.cased && WORDED.includes(part.field)) as Like[]
  const by = Map.groupBy(likes, ({ pattern }) => keyOf(pattern))
  const leaves = [...by.values()].find((each) => WORDED.every((name) => each.some(({ field }) => field === name)))
  return leaves && { pattern: leaves[0]!.pattern, leaves }
}
export const keyOf = (pattern: Pattern): string => JSON.stringify(foldPattern(pattern))

/** The patterns of free text in a filter, each once. */
export const freeTexts = (filter: Filter, into = new Map<string, Pattern>()): Map<string, Pattern> => {
  if (filter.op === 'not') freeTexts(filter.of, into)
  if (filter.op !== 'and' && filter.op !== 'or') return into
  const found = filter.op === 'or' ? freeText(filter.of) : undefined
  if (found) into.set(keyOf(found.pattern), found.pattern)
  for (const part of filter.of) freeTexts(part, into)
  return into
}
