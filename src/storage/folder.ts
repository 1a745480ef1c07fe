import { createReadStream } from 'node:fs'
import { open as openFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Disk } from 'flydrive'
import { FSDriver } from 'flydrive/drivers/fs'
import { nameOf, type Store } from './file.ts'

/** A store in a folder. */
export function folder(root: string): Store {
  const disk = new Disk(new FSDriver({ location: root, visibility: 'private' }))
  return {
    async put(key, { path, size }) {
      const name = nameOf(key)
      await disk.putStream(`${name}.part`, createReadStream(path))
      const part = join(root, `${name}.part`)
      // The row that says it is there must not outlive it when the machine stops.
      const written = await openFile(part, 'r+')
      try {
        await written.sync()
        if ((await written.stat()).size !== size) throw new Error('The file was not kept as a whole.')
      } finally {
        await written.close()
      }
      await rename(part, join(root, name))
    },
    async read(key, range) {
      const path = join(root, nameOf(key))
      await stat(path)
      return range ? createReadStream(path, range) : disk.getStream(nameOf(key))
    },
    async remove(key) {
      await rm(join(root, `${nameOf(key)}.part`), { force: true })
      await rm(join(root, nameOf(key)), { force: true })
    },
    addressOf: async () => null,
    close() {},
  }
}
