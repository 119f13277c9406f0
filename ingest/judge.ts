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

/** Says in the row what the rules say of it. */
export type Mark = (row: Row) => void

export const openMark = async ({ module, set, input }: Judging): Promise<Mark> => {
  const judge = ((await import(module)) as JudgeModule).openJudge(input)
  const name = new Const(set)
  const labels = new Map<string, Const>()
  const met: string[] = []
  const meet = (label: string) => {
    met.push(label)
  }
  return (row) => {
    met.length = 0
    // No line says this of itself, whatever its names are.
    row.unsay(JUDGED)
    row.unsay(HITS)
    row.unsay(OWED)
    if (!judge(row, meet)) {
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
}
