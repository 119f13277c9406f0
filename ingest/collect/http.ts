/** `POST /ingest/<source>`: lines or NDJSON, gzip too. Answers when the lines are on disk. */
import { timingSafeEqual } from 'node:crypto'
import { gunzip } from 'node:zlib'
import { promisify } from 'node:util'
import { Hono } from 'hono'
import type { Ingest } from '../ingest.ts'
import type { Source } from '../source.ts'

const unzip = promisify(gunzip)
const LARGEST = 64 * 1024 * 1024
const TOO_LARGE = {
  error: {
    code: 'too_large',
    message: 'the body is larger than 64 MiB, or becomes so when unpacked: send it in parts',
  },
}

const equal = (a: string, b: string): boolean => {
  const [x, y] = [Buffer.from(a), Buffer.from(b)]
  return x.length === y.length && timingSafeEqual(x, y)
}

/** `peer` tells the sender's address of a request. */
export const ingestRoute = (sources: readonly Source[], ingest: Ingest, peer: (request: unknown) => string) =>
  new Hono().post('/:source', async (c) => {
    const source = sources.find(({ id }) => id === c.req.param('source'))
    // A wrong name and a wrong token are answered alike: names are not to be guessed.
    const given = c.req.header('authorization')?.replace(/^Bearer /i, '') ?? c.req.query('token') ?? ''
    if (source?.collect.kind !== 'http' || !equal(given, source.collect.token)) {
      return c.json(
        {
          error: {
            code: 'unknown_source',
            message: `no HTTP source "${c.req.param('source')}" takes this token: add the source to vonglau.yml with http: { token: … }, and send "Authorization: Bearer <token>"`,
          },
        },
        401,
      )
    }
    let body: Buffer
    try {
      body = Buffer.from(await c.req.arrayBuffer())
      if (/gzip/i.test(c.req.header('content-encoding') ?? '')) body = await unzip(body, { maxOutputLength: LARGEST })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return c.json(TOO_LARGE, 413)
      return c.json(
        {
          error: {
            code: 'body',
            message: `the body cannot be read (${(error as Error).message}): send lines, with Content-Encoding: gzip only where they are gzip, at most 64 MiB`,
          },
        },
        400,
      )
    }
    if (body.length > LARGEST) return c.json(TOO_LARGE, 413)
    const lines: Buffer[] = []
    for (let from = 0; from < body.length; ) {
      const lf = body.indexOf(10, from)
      const to = lf < 0 ? body.length : lf
      const end = to > from && body[to - 1] === 13 ? to - 1 : to
      if (end > from) lines.push(body.subarray(from, end))
      from = to + 1
    }
    try {
      if (lines.length) await ingest.accept(source.id, lines, peer(c))
    } catch (error) {
      c.header('Retry-After', '30')
      return c.json(
        {
          error: {
            code: 'not_accepted',
            message: `nothing of this request was accepted (${(error as Error).message}): send it again later`,
          },
        },
        503,
      )
    }
    return c.json({ accepted: lines.length })
  })
