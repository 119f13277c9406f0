/** `vonglau reparse`: a line a day. */
import { userInfo } from 'node:os'
import { counted } from '../../ingest/counted.ts'
import type { Config } from '../config.ts'
import type { ReparseProgress, ReparseRequest } from '../reparse.ts'
import { tell } from './printable.ts'
import { reach } from './reach.ts'
import { print } from './show.ts'

const dayText = ({ day, lines, before, now, done, left }: ReparseProgress): string =>
  done
    ? `${day}: done before`
    : left !== undefined
      ? `${day}: not read again: ${left}`
      : `${day}: ${counted(lines, 'line')} read again; not understood were ${before}, are ${now}`

export const showReparse = async (config: Config, request: ReparseRequest): Promise<void> => {
  let days = 0
  const { username: by } = userInfo()
  for await (const { progress } of reach(config, { ask: 'reparse', by, ...request })) {
    const day = progress as ReparseProgress
    days++
    if (day.left === undefined) await print([dayText(day)])
    else tell(dayText(day))
  }
  if (days === 0) tell(`no line of ${request.source} arrived in that time`)
}
