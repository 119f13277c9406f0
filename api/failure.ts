/** How every error leaves: one sentence in the language of who asks, in one shape, whatever threw it. */
import type { Failure, Language } from './contract.ts'
import { StoreError, WrongQuestion } from '../ingest/store/errors.ts'
import { Refusal } from './refusal.ts'

type Status = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 422 | 429 | 500 | 503

interface Sentence {
  readonly en: string
  readonly vi: string
}

const failureOf = (code: string, message: string, at?: { from: number; to: number }): Failure => ({
  error: { code, message, ...(at ? { at } : {}) },
})

const NO_JSON: Sentence = {
  en: 'What was sent is no JSON: send a JSON object.',
  vi: 'Nội dung gửi lên không phải JSON: hãy gửi một đối tượng JSON.',
}
/** What the frameworks refuse by themselves, in words of their own or in none. */
const OF_STATUS: { readonly [status: number]: Sentence } = {
  400: NO_JSON,
  413: {
    en: 'What was sent is larger than 1 MB: send it in parts.',
    vi: 'Nội dung gửi lên lớn hơn 1 MB: hãy gửi thành nhiều phần.',
  },
}
const INTERNAL: Sentence = {
  en: 'Something went wrong here; the server log has the details.',
  vi: 'Máy chủ gặp lỗi; chi tiết nằm trong nhật ký máy chủ.',
}
/** The only question that a route passes on unseen is where to read on: the store alone knows its places. */
const WRONG_PLACE = 'Không đọc tiếp được từ vị trí đã nêu: hãy bắt đầu lại từ trang đầu.'

export const failed = (error: Error, language: Language): { body: Failure; status: Status } => {
  if (error instanceof Refusal)
    return { body: failureOf(error.code, error.sentence[language], error.at), status: error.status as Status }
  if (error instanceof WrongQuestion)
    return {
      body: failureOf('question', language === 'vi' && /begin/.test(error.message) ? WRONG_PLACE : error.message),
      status: 400,
    }
  if (error instanceof StoreError) return { body: failureOf('store', error.message), status: 503 }
  if ('status' in error && typeof error.status === 'number' && error.status < 500)
    return {
      body: failureOf('request', OF_STATUS[error.status]?.[language] ?? error.message),
      status: error.status as Status,
    }
  console.error(error)
  return { body: failureOf('internal', INTERNAL[language]), status: 500 }
}

export const noSuchAddress = (language: Language): Failure =>
  failureOf('not_found', language === 'en' ? 'There is no such address.' : 'Không có địa chỉ này.')

const WRONG: Sentence = { en: 'Name or password is wrong.', vi: 'Sai tên đăng nhập hoặc mật khẩu.' }
const SIGN_IN: { readonly [code: string]: Sentence } = {
  __proto__: null as never,
  BAD_REQUEST: NO_JSON,
  NOT_FOUND: { en: 'There is no such address.', vi: 'Không có địa chỉ này.' },
  INVALID_USERNAME_OR_PASSWORD: WRONG,
  // Of what no account can be called.
  USERNAME_TOO_SHORT: WRONG,
  USERNAME_TOO_LONG: WRONG,
  INVALID_USERNAME: WRONG,
  DISABLED: {
    en: 'This account is switched off: ask an administrator.',
    vi: 'Tài khoản này đã bị khóa: hãy liên hệ quản trị viên.',
  },
  UNSUPPORTED_MEDIA_TYPE: NO_JSON,
  ONE_TIME: {
    en: 'This one-time password was used, or is older than a day: ask an administrator for another.',
    vi: 'Mật khẩu dùng một lần này đã được dùng hoặc đã quá 24 giờ: hãy xin quản trị viên cấp mật khẩu khác.',
  },
  VALIDATION_ERROR: {
    en: 'To sign in, send "username" and "password", both texts.',
    vi: 'Để đăng nhập, hãy gửi "username" và "password", đều là chuỗi ký tự.',
  },
}
/**
 * What the library of accounts refuses, in the shape of everything else; its own words stay beside it, for programs that
 * sign in by it.
 */
export const ofSignIn = async (response: Response, language: Language): Promise<Response> => {
  if (response.status < 400) return response
  const said = (await response
    .clone()
    .json()
    .catch(() => ({}))) as { code?: string; message?: string }
  const code = said.code ?? `http_${response.status}`
  const wait = /in (\d+) s/.exec(said.message ?? '')?.[1]
  const sentence: Sentence | undefined =
    code === 'WAIT'
      ? { en: said.message!, vi: `Sai mật khẩu quá nhiều lần: hãy thử lại sau ${wait} giây.` }
      : (SIGN_IN[code] ?? OF_STATUS[response.status])
  const headers = new Headers(response.headers)
  headers.set('content-type', 'application/json')
  headers.delete('content-length')
  return new Response(
    JSON.stringify({ ...said, ...failureOf(code, sentence?.[language] ?? said.message ?? INTERNAL[language]) }),
    { status: response.status, headers },
  )
}
