/** What a request brings, held to its shape: refused with one sentence in the asker's language, as everything else. */
import type { z } from 'zod'
import { expectedOf, type Words } from '../ingest/expected.ts'
import { Refusal } from './refusal.ts'

const SECRET = /^(?:current|next|password)$/
/** What stands at the path, in short and without passwords; undefined where there is nothing. */
const shown = (path: readonly PropertyKey[], body: unknown): Words | undefined => {
  let value = body
  for (const part of path)
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined
  if (value === undefined) return undefined
  if (SECRET.test(String(path.at(-1)))) return { en: 'something else', vi: 'giá trị khác' }
  const text = JSON.stringify(value)
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return { en: short, vi: short }
}

export const bodyRefusal = (issue: z.core.$ZodIssue, body: unknown): Refusal => {
  const name = issue.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')
  const where = name.replace(/^\./, '')
  const expected = expectedOf(issue)
  const found = shown(issue.path, body)
  return new Refusal(
    400,
    'body',
    `${where || 'Nội dung gửi lên'}: ${found ? `cần ${expected.vi}, nhưng nhận được ${found.vi}` : `còn thiếu, cần ${expected.vi}`}.`,
    `${where || 'What was sent'}: ${found ? `expected ${expected.en}, found ${found.en}` : `is missing, expected ${expected.en}`}.`,
  )
}
