/** Answers that refuse. */
import { HTTPException } from 'hono/http-exception'

/** An error with one sentence in each language. */
export class Refusal extends HTTPException {
  readonly code: string
  readonly sentence: { vi: string; en: string }
  readonly at: { from: number; to: number } | undefined
  constructor(
    status: 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 503,
    code: string,
    vi: string,
    en: string,
    at?: { from: number; to: number },
  ) {
    super(status, { message: en })
    this.code = code
    this.sentence = { vi, en }
    this.at = at
  }
}
export const notFound = (vi: string, en: string) =>
  new Refusal(
    404,
    'not_found',
    `Không tìm thấy ${vi}, hoặc bạn không được xem.`,
    `There is no such ${en}, or you may not see it.`,
  )
