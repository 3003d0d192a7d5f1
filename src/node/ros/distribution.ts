/**
 * A release of ROS 2. What this package does differently on releases is told here and nowhere else in TypeScript; docs/distributions.md
 * has the sources.
 */
export interface Distribution {
  /** As in ROS_DISTRO. */
  readonly name: string;
  /** Whether test/ros has passed on it as a whole. */
  readonly tested: boolean;
  /** Whether rcl creates the publisher of /rosout by itself, and a second one causes a warning. */
  readonly ownRosout: boolean;
  /** Whether rcl_interfaces has the services that set the levels of loggers. */
  readonly loggerServices: boolean;
  /** The variable that limits discovery to this machine, with its value. rcl of Kilted and later ignores the older one. */
  readonly localOnly: { readonly name: string; readonly value: string };
  /** The variable that names Fast DDS's XML profiles. Fast DDS 3 ignores the older one. */
  readonly fastDdsProfiles: string;
}

const OLD_LOCAL = { name: 'ROS_LOCALHOST_ONLY', value: '1' } as const;
const LOCAL = { name: 'ROS_AUTOMATIC_DISCOVERY_RANGE', value: 'LOCALHOST' } as const;
const OLD_PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE';
const PROFILES = 'FASTDDS_DEFAULT_PROFILES_FILE';

/** In the order of their release. */
const DISTRIBUTIONS: readonly Distribution[] = [
  {
    name: 'humble',
    tested: true,
    ownRosout: true,
    loggerServices: false,
    localOnly: OLD_LOCAL,
    fastDdsProfiles: OLD_PROFILES,
  },
  {
    name: 'iron',
    tested: false,
    ownRosout: false,
    loggerServices: true,
    localOnly: LOCAL,
    fastDdsProfiles: OLD_PROFILES,
  },
  {
    name: 'jazzy',
    tested: true,
    ownRosout: false,
    loggerServices: true,
    localOnly: LOCAL,
    fastDdsProfiles: OLD_PROFILES,
  },
  {
    name: 'kilted',
    tested: false,
    ownRosout: false,
    loggerServices: true,
    localOnly: LOCAL,
    fastDdsProfiles: PROFILES,
  },
  {
    name: 'lyrical',
    tested: false,
    ownRosout: false,
    loggerServices: true,
    localOnly: LOCAL,
    fastDdsProfiles: PROFILES,
  },
];

/**
 * The release by its name. An unknown one, such as rolling, is taken for the newest; none for Humble, so that advice fits most boards.
 *
 * @example
 * distribution('jazzy').localOnly // { name: 'ROS_AUTOMATIC_DISCOVERY_RANGE', value: 'LOCALHOST' }
 */
export function distribution(name: string | undefined = process.env['ROS_DISTRO']): Distribution {
  if (!name) return DISTRIBUTIONS[0]!;
  return (
    DISTRIBUTIONS.find((known) => known.name === name) ?? { ...DISTRIBUTIONS.at(-1)!, name, tested: false }
  );
}

/** The releases on which test/ros has passed as a whole. */
export function testedDistributions(): string[] {
  return DISTRIBUTIONS.filter(({ tested }) => tested).map(({ name }) => name);
}

/** Whether an environment limits discovery to this machine. Iron and Jazzy still honor the older variable. */
export function isLocalOnly(env: NodeJS.ProcessEnv = process.env): boolean {
  const { localOnly, name } = distribution(env['ROS_DISTRO']);
  const honored = ['iron', 'jazzy'].includes(name) ? [localOnly, OLD_LOCAL] : [localOnly];
  return honored.some((variable) => env[variable.name] === variable.value);
}
