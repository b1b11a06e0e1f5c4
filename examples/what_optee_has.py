# SPDX-License-Identifier: BSD-2-Clause
"""Say what an OP-TEE has: which applications that have clients, which devices, how much memory."""

import pytee_client as tee
from pytee_client import ta
from pytee_client.ta import optee


def state_of(context: tee.Context, application: type[ta.Client]) -> str:
    try:
        application(context).close()
    except tee.TrustedApplicationNotFoundError:
        return "not there"
    except tee.TeecError as error:
        return str(error)
    return "there"


def main() -> None:
    public = [getattr(optee, name) for name in optee.__all__]
    applications = {
        one.uuid: one for one in public if isinstance(one, type) and issubclass(one, ta.Client)
    }
    with tee.Context() as context:
        for uuid, application in sorted(applications.items(), key=lambda item: item[1].__name__):
            print(f"{optee.name_of(uuid):20} {state_of(context, application)}")
        if context.version.implementation_id is not tee.ImplementationId.OPTEE:
            return
        with optee.DeviceEnumeration(context) as enumeration:
            for uuid in (*enumeration.get_devices(), *enumeration.get_devices_supp()):
                print(f"device {optee.name_of(uuid) or uuid}")
        with optee.Statistics(context) as statistics:
            for pool in statistics.allocators():
                if pool.size:
                    print(f"{pool.desc}: {pool.allocated} of {pool.size} bytes")


if __name__ == "__main__":
    main()
