import type { Values } from '@/lib/hex/core/core.js'
import { pictureName } from '@/lib/hex/core/pictures.js'

/** A picture in the form in which Sim stores files. */
interface PictureFile {
  name: string
  mimeType: string
  data: string
}

/** Return a document with its pictures as separate files, without their content. */
export function withFiles(document: Values): Values {
  if (Array.isArray(document.charts)) return withChartFiles(document, document.charts)
  const picture = pictureOf(document, 0)
  return picture ? { ...document, image: shown(picture), file: picture } : document
}

function withChartFiles(document: Values, charts: unknown[]): Values {
  const files: PictureFile[] = []
  const told = charts.map((chart) => {
    const picture = pictureOf(chart, charts.length > 1 ? files.length + 1 : 0)
    if (!picture || !isObject(chart)) return chart
    files.push(picture)
    return { ...chart, image: shown(picture) }
  })
  return { ...document, charts: told, files }
}

function shown({ name, mimeType }: PictureFile): Values {
  return { mimeType, fileName: name }
}

function pictureOf(holder: unknown, place: number): PictureFile | null {
  if (!isObject(holder) || !isObject(holder.image)) return null
  const { mimeType, base64 } = holder.image
  if (typeof base64 !== 'string') return null
  const type = typeof mimeType === 'string' ? mimeType : 'image/png'
  const label = typeof holder.label === 'string' ? holder.label : null
  return { name: pictureName(label, type, place), mimeType: type, data: base64 }
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
