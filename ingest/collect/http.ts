/**
 * `POST /ingest/<source>`: lines or NDJSON, gzip too. Answers when the lines are on disk. With `?stream=NAME&offset=N` the
 * sender says which bytes of which stream they are, so that what is sent again adds nothing; `GET` tells how far one stands.
 * The first `&head=N` bytes of a body are what stood further up (the #Fields of IIS), said again, and no part of the count.
 */
import { type Context, Hono } from 'hono'
import type { Ingest } from '../ingest.ts'
import { type Bodies, type Body, type BodyRefused, saysTooLarge } from './body.ts'
import type { Source } from '../source.ts'
import type { Part, Taken } from './streams.ts'
import { sourceOfToken } from './token.ts'

const TOO_LARGE = {
  error: {
    code: 'too_large',
    message: 'the body is larger than 64 MiB or has more than 500,000 lines, unpacked: send it in parts',
  },
}

const BUSY = {
  error: {
    code: 'busy',
    message:
      'nothing of this request was accepted: others are being taken, and there is no room beside them; send it again in some seconds',
  },
}

const failure = (code: string, message: string) => ({ error: { code, message } })

/** Which part of which stream a request is; undefined where it says none; a sentence where it says half. */
const partOf = (
  stream: string | undefined,
  offset: string | undefined,
): { stream: string; from: number } | string | undefined => {
  if (stream === undefined && offset === undefined) return undefined
  const wrong =
    'stream and offset belong together: ?stream=NAME&offset=N, N being how many bytes of the stream (unpacked) were sent before'
  if (!stream || stream.length > 200 || /[\x00-\x1f\x7f]/.test(stream))
    return `${wrong}; a name has 1 to 200 characters`
  const from = Number(offset)
  if (!offset || !/^\d{1,16}$/.test(offset) || !Number.isSafeInteger(from)) return wrong
  return { stream, from }
}

const refusal = ({ stream, from, to }: Part, { refused, position }: Taken): string =>
  refused === 'begun_anew'
    ? `stream "${stream}" began with other bytes and stands at ${position}: a file that was begun anew needs a name of its own`
    : refused === 'gap'
      ? `stream "${stream}" stands at ${position} and this part begins at ${from}, so something between is missing: send it from ${position} on`
      : `stream "${stream}" stands at ${position} and this part goes from ${from} to ${to}, so its beginning was taken before: send it from ${position} on`

/** `peer` tells the sender's address of a request; `bodies` bounds what all requests hold, whatever they speak. */
export const ingestRoute = (
  sources: () => readonly Source[],
  ingest: Ingest,
  peer: (request: unknown) => string,
  bodies: Bodies,
) => {
  const named = (c: Context): Source | Response => {
    const id = c.req.param('source')
    const given = c.req.header('authorization')?.replace(/^Bearer /i, '') ?? c.req.query('token') ?? ''
    return (
      sourceOfToken(sources(), id, given) ??
      c.json(
        failure(
          'unknown_source',
          `no HTTP source "${id}" takes this token: add the source to vonglau.yml with http: { token: … }, and send "Authorization: Bearer <token>"`,
        ),
        401,
      )
    )
  }
  /** Answers when it is on disk. */
  const take = async (c: Context, source: Source, at: { stream: string; from: number } | undefined, body: Body) => {
    const { bytes, lines, ends } = body
    const said = Number(c.req.query('head') ?? 0)
    const head = at ? said : 0
    if (!Number.isSafeInteger(said) || said < 0 || head > bytes.length || (head > 0 && bytes[head - 1] !== 10))
      return c.json(
        failure('stream', `head=N says how many bytes of the body are whole lines that are said again`),
        400,
      )
    const part: Part | undefined = at && {
      ...at,
      to: at.from + bytes.length - head,
      ends: ends.map((end) => at.from + Math.max(0, Math.min(end, bytes.length) - head)),
      ...(at.from === 0 ? { head: bytes.subarray(head) } : {}),
    }
    try {
      if (lines.count === 0 && !part) return c.json({ accepted: 0 })
      const taken = await ingest.accept(source.id, lines, peer(c), part)
      if (taken.refused && part)
        return c.json({ ...failure(taken.refused, refusal(part, taken)), position: taken.position }, 409)
      return c.json(taken)
    } catch (error) {
      c.header('Retry-After', '30')
      return c.json(
        failure(
          'not_accepted',
          `nothing of this request was accepted (${(error as Error).message}): send it again later`,
        ),
        503,
      )
    }
  }
  return (
    new Hono()
      // Before anything else is looked at.
      .use(async (c, next) => (saysTooLarge(c.req.raw) ? c.json(TOO_LARGE, 413) : next()))
      .get('/:source', async (c, next) => {
        // Without a name it may be whoever takes us for an Elasticsearch (`elastic.ts`).
        if (c.req.query('stream') === undefined && !/^bearer /i.test(c.req.header('authorization') ?? '')) return next()
        const source = named(c)
        if (source instanceof Response) return source
        const part = partOf(c.req.query('stream'), '0')
        if (typeof part !== 'object')
          return c.json(failure('stream', 'name the stream that you ask for: ?stream=NAME'), 400)
        return c.json({ position: (await ingest.position(source.id, part.stream)) ?? null })
      })
      .post('/:source', async (c) => {
        const source = named(c)
        if (source instanceof Response) return source
        const at = partOf(c.req.query('stream'), c.req.query('offset'))
        if (typeof at === 'string') return c.json(failure('stream', at), 400)
        let body: Body
        try {
          body = await bodies.of(c.req.raw)
        } catch (error) {
          const { why, message } = error as BodyRefused
          if (why === 'encoding') return c.json(failure('encoding', `${message}: send the lines plain or as gzip`), 415)
          if (why === 'large') return c.json(TOO_LARGE, 413)
          if (why === 'busy') {
            c.header('Retry-After', '5')
            return c.json(BUSY, 503)
          }
          return c.json(
            failure(
              'body',
              `the body cannot be read (${message}): send lines, with Content-Encoding: gzip only where they are gzip, at most 64 MiB`,
            ),
            400,
          )
        }
        try {
          return await take(c, source, at, body)
        } finally {
          body.free()
        }
      })
  )
}
