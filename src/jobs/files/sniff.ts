import { fileTypeFromBuffer } from 'file-type'

/** How many bytes from the beginning of a file tell what it is. */
export const HEAD = 4100

/** What runs, or runs scripts, when somebody opens it who trusts the company that it came from. */
const EXTENSIONS = new Set(
  `ade adp apk app appx bash bat bin cab chm class cmd com cpl deb dll dmg elf exe fish gadget hta htc htm html inf ins iso isp jar
 js jse lnk mjs mht mhtml msc msi msp mst osx phar php phtml pif pkg ps1 ps1xml psc1 psm1 py reg rpm run sct scr sh shtml swf sys vb vbe vbs
 vxd wasm wsc wsf wsh xbap xhtml xll zsh`.split(/\s+/),
)
const TYPES =
  /^(application\/(x-msdownload|x-elf|x-mach-binary|x-executable|x-sharedlib|vnd\.android\.package-archive|java-vm|java-archive|wasm|x-ms-shortcut|x\.ms\.shortcut|x-apple-alias|x\.apple\.alias|x-deb|x-rpm|x-shockwave-flash|x-iso9660-image|x-apple-diskimage|vnd\.ms-cab-compressed|x-msi)|text\/html)$/i

/** What a text is by its name, when its bytes say no more than that it is one. */
const TEXTS: Record<string, string> = {
  csv: 'text/csv',
  json: 'application/json',
  md: 'text/markdown',
  ics: 'text/calendar',
  vcf: 'text/vcard',
  eml: 'message/rfc822',
}

/** The last part of a name, as Windows sees it: dots and spaces at the end do not count there. */
const extensionOf = (name: string) => /\.([^.]+)$/.exec(name.toLowerCase().replace(/[\s.]+$/u, ''))?.[1]?.trim() ?? ''

/**
 * What a file is, by its bytes and never by what its sender says of it; null for what is not taken: programs, scripts, pages that a browser would run, in
 * bytes or by name.
 *
 * @param head the first HEAD bytes, or all.
 */
export async function contentTypeOf(head: Buffer, name: string): Promise<string | null> {
  const extension = extensionOf(name)
  if (EXTENSIONS.has(extension)) return null
  // The mark of UTF-16 is the beginning of an MP3, too.
  const found = utf16Of(head) ? undefined : await fileTypeFromBuffer(head)
  if (found && found.mime !== 'application/xml')
    return TYPES.test(found.mime) || EXTENSIONS.has(found.ext) ? null : found.mime
  const text = textOf(head)
  if (text === null) return 'application/octet-stream'
  const begin = text.replace(/^\uFEFF/, '').trimStart()
  if (begin.startsWith('#!') || PAGE.test(begin)) return null
  if (/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s/>]/i.test(begin)) return 'image/svg+xml'
  return found?.mime ?? TEXTS[extension] ?? 'text/plain'
}

/** What browsers take for HTML when they guess (WHATWG MIME Sniffing, 7.1), wherever white space and comments let it begin. */
const PAGE =
  /^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s/>]/i

/** Which UTF-16 a byte order mark says. */
function utf16Of([first, second]: Buffer): string | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : null
}

/** The bytes as text of UTF-8 or UTF-16, or null when they are none. A character may be cut at their end. */
function textOf(head: Buffer): string | null {
  try {
    const text = new TextDecoder(utf16Of(head) ?? 'utf-8', { fatal: true }).decode(head, { stream: true })
    return CONTROL.test(text) ? null : text
  } catch {
    return null
  }
}

/** What no text has. */
const CONTROL = /[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/
