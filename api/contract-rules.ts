/** The types of what crosses between the API and the console about living with rules: exceptions, backtests. */
import type { z } from 'zod'
import type { addRule, changeRule, getRuleDifference, ruleVersions, settleRule } from './schema/rule-texts.ts'
import type { backfill } from './schema/backfills.ts'
import type { backtest, startBacktest } from './schema/backtests.ts'
import type {
  addException,
  changeException,
  exceptionEffect,
  exceptionRow,
  getException,
  tryException,
} from './schema/exceptions.ts'

export type ExceptionRow = z.output<typeof exceptionRow>
export type ExceptionDetail = z.output<typeof getException.answer>
export type ExceptionEffect = z.output<typeof exceptionEffect>
export type NewException = z.input<typeof addException.body>
export type ExceptionChange = z.input<typeof changeException.body>
export type ExceptionAbout = z.input<typeof tryException.body>
export type Backtest = z.output<typeof backtest>
export type NewBacktest = z.input<typeof startBacktest.body>
export type RuleVersions = z.output<typeof ruleVersions>
export type RuleDifference = z.output<typeof getRuleDifference.answer>
export type ChangedRule = z.output<typeof changeRule.answer>
export type NewRule = z.input<typeof addRule.body>
export type AddedRule = z.output<typeof addRule.answer>
export type RuleChange = z.input<typeof changeRule.body>
export type RuleSettling = z.input<typeof settleRule.body>
export type Backfill = z.output<typeof backfill>
