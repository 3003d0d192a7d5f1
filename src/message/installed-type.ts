import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { builtIn, messageType, type MessageType } from './message-type.js';

/**
 * The type `package/Type` as the sourced ROS installation defines it, else as this package does.
 *
 * Raw bytes must match the layout that subscribers were compiled with, and layouts differ between releases:
 * foxglove_msgs 3.2.6 added a timestamp and metadata to ImageAnnotations. So a node asks for its types here.
 *
 * @param prefixes installation prefixes, first one first
 * @throws ExpectationError for an installed definition that cannot be read or is made of types nobody defines
 */
export function installedType(type: string, prefixes = amentPrefixes()): MessageType {
  const definitionOf = (part: string): string | undefined => {
    const [packageName, typeName] = part.split('/');
    for (const prefix of prefixes) {
      const file = path.join(prefix, 'share', packageName!, 'msg', `${typeName}.msg`);
      if (existsSync(file)) return readFileSync(file, 'utf8');
    }
    return undefined;
  };
  return definitionOf(type) === undefined
    ? messageType(type)
    : messageType(type, (part) => definitionOf(part) ?? builtIn(part));
}

/** @returns whether a package with the type `package/Type` is installed under one of the prefixes */
export function isInstalled(type: string, prefixes = amentPrefixes()): boolean {
  const [packageName, typeName] = type.split('/');
  return prefixes.some((prefix) =>
    existsSync(path.join(prefix, 'share', packageName!, 'msg', `${typeName}.msg`)),
  );
}

/** AMENT_PREFIX_PATH, which ROS's setup files export. */
function amentPrefixes(): string[] {
  return (process.env['AMENT_PREFIX_PATH'] ?? '').split(':').filter((prefix) => prefix !== '');
}
