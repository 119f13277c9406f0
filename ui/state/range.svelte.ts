import { now } from './clock.svelte.ts'
import { param, setParams } from './route.svelte.ts'

const MINUTE = 60_000
const UNIT: Record<string, number> = { m: MINUTE, h: 60 * MINUTE, d: 24 * 60 * MINUTE }
export const PRESETS = ['15m', '1h', '4h', '24h', '7d', '14d', '30d'] as const
const DEFAULT = '24h'
/** What is counted without a range is opened with one that holds everything: ten years. */
export const EVER = '3650d'

const length = (range: string): number => {
  const m = /^(\d{1,4})([mhd])$/.exec(range)
  return m ? Number(m[1]) * UNIT[m[2]!]! : UNIT['h']! * 24
}

/** The frame's time range: a preset that ends now, or two fixed moments. */
export const range = {
  get preset(): string {
    if (range.fixed) return ''
    const asked = param('range')
    return /^\d{1,4}[mhd]$/.test(asked) ? asked : DEFAULT
  },
  get fixed(): { from: number; to: number } | undefined {
    const from = Number(param('from'))
    const to = Number(param('to'))
    return from > 0 && to > from ? { from, to } : undefined
  },
  /** For a query. A preset has no end: what arrives while the page loads belongs to it. */
  get asked(): { from: number; to?: number } {
    return range.fixed ?? { from: now() - length(range.preset) }
  },
  get bounds(): { from: number; to: number } {
    const fixed = range.fixed
    if (fixed) return fixed
    const to = now()
    return { from: to - length(range.preset), to }
  },
}
export const setPreset = (preset: string) =>
  setParams({ range: preset === DEFAULT ? undefined : preset, from: undefined, to: undefined })
export const setFixed = (from: number, to: number) =>
  setParams({ range: undefined, from: Math.floor(from), to: Math.ceil(to) })
