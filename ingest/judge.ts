/**
 * What the parse stage asks of the rules, in whatever thread: which of them a row meets. The stage knows no rules; whoever
 * puts the program together names a module that does.
 */
import { Const } from './row/const.ts'
import { field } from './row/handles.ts'
import type { Row } from './row/row.ts'

/** A set of rules on its way to a thread: `module` opens with `input`, which is plain. */
export interface Judging {
  readonly module: string
  /** The name of the set, which events that were judged by it carry. */
  readonly set: string
  readonly input: unknown
}

/** What such a module exports. */
export interface JudgeModule {
  openJudge(input: unknown): Judge
}
/** Tells of each rule that the finished row meets, once. False: the row is too long to be judged here. */
export type Judge = (row: Row, met: (label: string) => void) => boolean

const JUDGED = field('vonglau.judged')
const HITS = field('vonglau.hits')
const OWED = field('vonglau.owed')
const ORIGINAL = field('event.original')

/** Says in the row what the rules say of it. */
export interface Mark {
  (row: Row): void
  /** A job begins: so much of its time is the rules'. */
  begin(): void
}
/** ms of a job's judging, a second of a core or two: who sends what is slow to judge holds nobody up, the rest of it is owed. */
const BUDGET = 2000
/** One row of so many is timed, for all of them; those with much text each by itself. */
const SAMPLED = 32
const MUCH = 1024

export const openMark = async ({ module, set, input }: Judging): Promise<Mark> => {
  const { openJudge } = (await import(module)) as JudgeModule
  // With the first row: a process that takes no lines, and a command, need none.
  let judge: Judge | undefined
  const name = new Const(set)
  const labels = new Map<string, Const>()
  const met: string[] = []
  const meet = (label: string) => {
    met.push(label)
  }
  let [spent, n] = [0, 0]
  const judged = (row: Row): boolean => {
    judge ??= openJudge(input)
    if (spent > BUDGET) return false
    const much = row.has(ORIGINAL) && row.to[ORIGINAL]! - row.from[ORIGINAL]! > MUCH
    const sampled = ++n % SAMPLED === 0
    if (!much && !sampled) return judge(row, meet)
    const began = performance.now()
    const answer = judge(row, meet)
    spent += (performance.now() - began) * (much ? 1 : SAMPLED)
    return answer
  }
  const mark = (row: Row): void => {
    met.length = 0
    // No line says this of itself, whatever its names are.
    row.unsay(JUDGED)
    row.unsay(HITS)
    row.unsay(OWED)
    if (!judged(row)) {
      row.boolean(OWED, true)
      return
    }
    row.const(JUDGED, name)
    if (met.length === 0) return
    row.list(HITS)
    for (const label of met) {
      let text = labels.get(label)
      if (!text) labels.set(label, (text = new Const(label)))
      row.constItem(text)
    }
  }
  return Object.assign(mark, {
    begin: () => {
      spent = 0
    },
  })
}
