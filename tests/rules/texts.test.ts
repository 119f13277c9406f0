import { embeddedPlace } from './stores.ts'
import { textsSuite } from './texts.suite.ts'

textsSuite('embedded', embeddedPlace)
