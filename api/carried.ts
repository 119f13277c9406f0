/** What a person changes of something that has versions: carried out, or refused in both languages with what is wrong in it. */
import { StoreError } from '../ingest/store/store.ts'
import { Refusal } from './refusal.ts'

interface Words {
  /** Of a refusal for what is wrong. */
  readonly code: string
  /** What is said where somebody was faster; undefined: the error is another. */
  stale(error: Error): string | undefined
  readonly wrong: (message: string) => readonly [vi: string, en: string]
}

/** What refuses by itself, and a store that fails, goes through as it is. */
export const carried = async <T>(work: () => Promise<T>, { code, stale, wrong }: Words): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof StoreError || error instanceof Refusal || !(error instanceof Error)) throw error
    const said = stale(error)
    if (said !== undefined) throw new Refusal(409, 'stale', said, `${error.message}.`)
    throw new Refusal(422, code, ...wrong(error.message))
  }
}

/** Which version a text has now, and the file that says it too, or why none does. */
export const toldOf = ({
  n,
  file,
}: {
  readonly n: number
  readonly file: { readonly path?: string; readonly why?: string }
}): { readonly n: number; readonly file?: string; readonly why?: string } => ({
  n,
  ...(file.path === undefined || file.why !== undefined ? {} : { file: file.path }),
  ...(file.why === undefined ? {} : { why: file.why }),
})
