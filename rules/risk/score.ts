/**
 * The risk of an agency at a moment, 0 to 100: a pure function of what was open, what was late, and what the inventory says
 * then. Five parts, each of its own most; the sum of the parts as they are shown is the score.
 *
 * A part grows with the sum of its weights and never quite reaches its most: `most × (1 − 2^(−sum / half))`, so that
 * `half` makes half of the points, and of two agencies the one with more is always the higher. Formula and weights are the
 * province's own convention (no decree sets one); a change of them is a new `FORMULA`, and kept scores are made anew.
 */
import type { Level } from '../rule.ts'

/** Kept beside each kept score. */
export const FORMULA = 1

/** Days in which the weight of an open alert falls to half, counted from its last event. */
export const HALF_LIFE = 7
const ALERT: Weights = { critical: 16, high: 6, medium: 2, low: 0.5, informational: 0 }
const OVERDUE: Weights = { critical: 20, high: 14, medium: 8, low: 4, informational: 2 }
/** Of an assessment's finding that is past its day. */
const FINDING = 4
const EXPOSED: { readonly [kind in Exposure]: number } = {
  public: 0.5,
  service: 1,
  tls_expired: 6,
  tls_ending: 3,
  left_over: 3,
  orphan_signature: 2,
}
const TRUST = { none: 4, lapsed: 4, ending: 2 } as const
/** A system of which nobody has decided the level may be of any: as much as level 2. */
const UNDECIDED = 4
const LEVEL = 2

type Weights = { readonly [level in Level]: number }

/**
 * What can be reached or misused: a portal (`public`), one through which people apply for something (`service`); a TLS
 * certificate that has ended, or ends within 30 days; a portal that an abolished agency left; a certificate for signatures
 * whose holder has gone.
 */
export type Exposure = 'public' | 'service' | 'tls_expired' | 'tls_ending' | 'left_over' | 'orphan_signature'
export const EXPOSURES = Object.keys(EXPOSED) as readonly Exposure[]
/** Of a portal: no trust certificate, one that has ended or was taken, one that ends within 60 days. */
export type TrustGap = keyof typeof TRUST

/** What the score is made of. */
export interface RiskCase {
  /** Open alerts, together where alike. `days`: whole days since the last event. */
  readonly alerts: readonly { readonly level: Level; readonly days: number; readonly count: number }[]
  /** Incidents whose time is over, and findings of assessments past their day. */
  readonly overdue: readonly { readonly level: Level; readonly count: number }[]
  readonly findings: number
  readonly exposed: { readonly [kind in Exposure]?: number }
  /** The highest of the levels of its systems, 1 to 5 (Nghị định 85/2016/NĐ-CP); 'undecided' where none is approved; undefined: no system. */
  readonly level?: number | 'undecided' | undefined
  readonly trust: { readonly [gap in TrustGap]?: number }
}

export const PARTS = ['alerts', 'overdue', 'exposure', 'level', 'trust'] as const
export type Part = (typeof PARTS)[number]
export const MOST: { readonly [part in Part]: number } = { alerts: 40, overdue: 20, exposure: 20, level: 10, trust: 10 }
const HALF = { alerts: 20, overdue: 10, exposure: 10, trust: 6 } as const

export interface Score {
  /** Whole points, 0 to 100: the sum of the parts. */
  readonly points: number
  /** Whole points of each part, 0 to its most. */
  readonly parts: { readonly [part in Part]: number }
}

const grown = (part: keyof typeof HALF, sum: number): number => Math.round(MOST[part] * (1 - 2 ** (-sum / HALF[part])))
const counted = <K extends string>(
  counts: { readonly [kind in K]?: number },
  weights: { readonly [kind in K]: number },
): number => Object.entries(counts).reduce((sum, [kind, n]) => sum + weights[kind as K] * (n as number), 0)

export const scoreOf = ({ alerts, overdue, findings, exposed, level, trust }: RiskCase): Score => {
  const parts = {
    alerts: grown(
      'alerts',
      alerts.reduce(
        (sum, each) => sum + ALERT[each.level] * each.count * 2 ** (-Math.max(0, each.days) / HALF_LIFE),
        0,
      ),
    ),
    overdue: grown(
      'overdue',
      overdue.reduce((sum, each) => sum + OVERDUE[each.level] * each.count, 0) + FINDING * findings,
    ),
    exposure: grown('exposure', counted(exposed, EXPOSED)),
    level: level === undefined ? 0 : level === 'undecided' ? UNDECIDED : Math.min(MOST.level, LEVEL * level),
    trust: grown('trust', counted(trust, TRUST)),
  }
  return { points: PARTS.reduce((sum, part) => sum + parts[part], 0), parts }
}

/** The severity under which a score is shown. */
export const gradeOf = (points: number): Exclude<Level, 'informational'> =>
  points >= 70 ? 'critical' : points >= 50 ? 'high' : points >= 25 ? 'medium' : 'low'

/** Of the province: the mean of its ten highest; undefined where none is known. */
export const provinceOf = (points: readonly number[]): number | undefined => {
  const top = points.toSorted((a, b) => b - a).slice(0, 10)
  return top.length === 0 ? undefined : Math.round(top.reduce((a, b) => a + b, 0) / top.length)
}
