/** YAML written by anybody, read in linear time: aliases are few and end, and a key stands once. */
import { type Document, isCollection, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml'

export interface ReadYaml {
  readonly document: Document
  readonly lines: LineCounter
  readonly value: unknown
}
/** Where it cannot be read, and why. Line and column count from 1. */
export interface BrokenYaml {
  readonly line: number
  readonly col: number
  readonly why: string
}

const OPTIONS = {
  // The library compares each key with each other one: 100 KB of keys cost seconds. They are compared below.
  uniqueKeys: false,
} as const

/** Nobody writes more levels by hand; whoever goes through a value may go down them one in another. */
const LEVELS = 100
const DEEP = `it is nested more than ${LEVELS} levels deep`

export const readYaml = (text: string): ReadYaml | BrokenYaml => {
  const lines = new LineCounter()
  const document = parseDocument(text, { ...OPTIONS, lineCounter: lines })
  const broken = (at: number, why: string): BrokenYaml => ({ ...lines.linePos(at), why })
  const [error] = document.errors
  // The library ends where its stack does.
  if (error) return broken(error.pos[0], /call stack/.test(error.message) ? DEEP : error.message.split('\n')[0]!)
  let wrong: BrokenYaml | undefined
  visit(document, {
    Collection: (_, node, path) => {
      // A pair stands between two maps.
      if (path.length > LEVELS && path.filter(isCollection).length >= LEVELS) {
        wrong = broken(node.range?.[0] ?? 0, DEEP)
        return visit.BREAK
      }
      const keys = new Set<unknown>()
      for (const { key } of isMap(node) ? node.items : []) {
        if (!isScalar(key)) continue
        if (keys.has(key.value)) {
          wrong = broken(key.range?.[0] ?? 0, `the key ${String(key.value).slice(0, 80)} stands twice`)
          return visit.BREAK
        }
        keys.add(key.value)
      }
      return undefined
    },
  })
  if (wrong) return wrong
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    // What holds itself has no end: nothing that goes through it would return.
    JSON.stringify(value)
    return { document, lines, value }
  } catch (problem) {
    const [found] = /\*[^\s,[\]{}]+/.exec(text) ?? []
    return broken(
      found === undefined ? 0 : text.indexOf(found),
      problem instanceof TypeError
        ? `an alias (${found}) stands within what it names`
        : problem instanceof ReferenceError && /Excessive/.test(problem.message)
          ? 'more than 100 aliases: write out what they stand for'
          : (problem as Error).message,
    )
  }
}
