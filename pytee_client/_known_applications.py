# SPDX-License-Identifier: BSD-2-Clause
"""The names of well-known Trusted Applications."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final
    from uuid import UUID

__all__ = ["NAMES", "WELL_KNOWN", "named"]

WELL_KNOWN: Final[dict[str, tuple[str, str]]] = {
    # OP-TEE's own, which are part of it.
    "7011a688-ddde-4053-a5a9-7b3c4ddf13b8": ("device", "OP-TEE's device enumeration"),
    "d96a5b40-e2c7-b1af-8794-1002a5d5c61b": ("stats", "OP-TEE's statistics"),
    "d96a5b40-c3e5-21e3-8794-1002a5d5c61b": ("invoke_tests", "OP-TEE's invocation tests"),
    "3a2f8978-5dc0-11e8-9c2d-fa7ae01bbebc": ("system", "OP-TEE's system service"),
    "3b996a7d-2c2b-4a49-a896-e1fb5766d2f4": ("socket_pta", "OP-TEE's sockets"),
    "39800861-182a-4720-9b67-2bcd622bc0b5": ("attestation", "OP-TEE's attestation"),
    "a77955f9-eea1-44fd-add5-4a9d962afcf5": (
        "veraison_attestation",
        "OP-TEE's Veraison attestation",
    ),
    "ab7a617c-b8e7-4d8f-8301-d09b61036b64": ("rng", "OP-TEE's random number generator"),
    "f389f8c8-845f-496c-8bbe-d64bd24c92fd": ("rtc", "OP-TEE's real-time clock"),
    "a8cfe406-d4f5-4a2e-9f8d-a25dc754c099": ("scmi", "OP-TEE's SCMI"),
    "a8cfe406-d4f5-4a2e-9f8d-a25dc754c0a9": ("watchdog", "OP-TEE's watchdog"),
    "be0e5821-e718-4f77-ab3e-8e6c73a9c735": ("scp03", "OP-TEE's SCP03"),
    "3f3eb880-3639-11ec-9b9d-0f3fc9468f50": ("apdu", "OP-TEE's APDU"),
    "6e256cba-fc4d-4941-ad09-2ca1860342dd": (
        "secstor_ta_mgmt",
        "OP-TEE's installation of applications",
    ),
    "54af4a68-19be-40d7-bbe6-8950350a8744": ("rproc", "OP-TEE's remote processors (platform)"),
    "721f4da9-da05-40d4-a1a3-8377c1e08b0a": ("widevine", "OP-TEE's Widevine keys"),
    "2f6e0d48-c574-426d-824e-40198cde5cac": ("gprof", "OP-TEE's gprof"),
    "60276949-7ff3-4920-9bce-840c9dcf3098": ("boot_log", "OP-TEE's boot log"),
    # Those that it has on some boards.
    "9abdf255-d8fa-40de-8f60-4d0b27927b7d": ("imx_ocotp", "OP-TEE's i.MX fuses"),
    "bfdbe409-3302-4abf-99bc-5f623226a739": ("imx_digprog", "OP-TEE's i.MX chip identification"),
    "ef477737-0db1-4a9d-8437-f2f535c0bd92": ("imx_dek_blob", "OP-TEE's i.MX DEK blobs"),
    "83268b7c-85e3-11e8-adc0-fa7ae01bbebc": (
        "imx_manufacturing_protection",
        "OP-TEE's i.MX manufacturing protection",
    ),
    "5cfa57f6-1a4c-407f-94a7-a56c8c47019d": ("rk_secure_boot", "OP-TEE's Rockchip secure boot"),
    "a6b493c0-e100-4a13-9b00-bce42d53ced8": ("versal_loader", "OP-TEE's Versal loader"),
    "acc50f40-0613-4abd-8dfe-a964cb74eb69": ("k3_otp_keywriting", "OP-TEE's K3 OTP"),
    "94cf71ad-80e6-40b5-a7c6-3dc501eb2803": ("stm32mp_bsec", "OP-TEE's STM32MP fuses"),
    "dd05bc8b-9f3b-49f0-b649-01aa10c1c210": (
        "stm32mp_debug_access",
        "OP-TEE's STM32MP debug access",
    ),
    "cff7d191-7ca0-4784-af13-48223b9a4fbe": (
        "qcom_pas",
        "OP-TEE's Qualcomm peripheral authentication",
    ),
    "6272636d-2018-1101-4243-4d5f534f5450": ("bcm_sotp", "OP-TEE's Broadcom OTP"),
    "6272636d-2018-1101-4243-4d5f4750494f": ("bcm_gpio", "OP-TEE's Broadcom GPIO"),
    "6272636d-2019-0201-4243-4d5f524e4730": (
        "bcm_hwrng",
        "OP-TEE's Broadcom random number generator",
    ),
    "6272636d-2019-0716-4243-4d5f53434849": ("bcm_bnxt", "OP-TEE's Broadcom bnxt firmware"),
    # Those that come with it.
    "fd02c9da-306c-48c7-a49c-bbd827ae86ee": ("pkcs11", "PKCS#11"),
    "023f8f1a-292a-432b-8fc4-de8471358067": ("avb", "Android Verified Boot"),
    "f04a0fe7-1f5d-4b9b-abf7-619b85b4ce8c": ("trusted_keys", "trusted keys"),
    "80a4c275-0a47-4905-8285-1486a9771a08": ("remoteproc", "remote processors"),
    "bc50d971-d4c9-42c4-82cb-343fb7f37896": ("ftpm", "fTPM"),
    "5ca4d9d9-dee4-47f4-977a-7eadc060e52c": ("app_secrets", "application secrets"),
    # OP-TEE's examples.
    "8aaaf200-2450-11e4-abe2-0002a5d5c51b": ("hello_world", "hello_world"),
    "b6c53aba-9669-4668-a7f2-205629d00f86": ("random", "random"),
    "5dbac793-f574-4871-8ad3-04331ec17f24": ("aes", "aes"),
    "a734eed9-d6a1-4244-aa50-7c99719e7b7b": ("acipher", "acipher"),
    "f4e750bb-1437-4fbf-8785-8d3580c34994": ("secure_storage", "secure_storage"),
    "484d4143-2d53-4841-3120-4a6f636b6542": ("hotp", "hotp"),
    "1dc6a16b-2fba-4aa1-9519-ea8a6c8c16e5": ("sha", "sha"),
    "50c82425-94da-4072-a3e0-58ef063767c0": ("ecdh", "ecdh"),
    "1945e8e7-0278-4bfb-bb99-af1080b2a934": ("ecdsa", "ecdsa"),
    "f066f150-42af-404f-ae32-c8e6cd117e70": ("sign_verify", "sign_verify"),
    "2a287631-de1b-4fdd-a55c-b9312e40769a": ("plugins", "plugins"),
    # OP-TEE's tests.
    "5b9e0e40-2636-11e1-ad9e-0002a5d5c51b": ("os_test", "os_test"),
    "cb3e5ba0-adf1-11e0-998b-0002a5d5c51b": ("crypt", "crypt"),
    "d17f73a0-36ef-11e1-984a-0002a5d5c51b": ("rpc_test", "rpc_test"),
    "e6a33ed4-562b-463a-bb7e-ff5e15a493c8": ("sims", "sims"),
    "a4c04d50-f180-11e8-8eb2-f2801f1b9fd1": ("sims_keepalive", "sims_keepalive"),
    "528938ce-fc59-11e8-8eb2-f2801f1b9fd1": ("miss", "miss"),
    "c3f6e2c0-3548-11e1-b86c-0800200c9a66": ("create_fail_test", "create_fail_test"),
    "e13010e0-2ae1-11e5-896a-0002a5d5c51b": ("concurrent", "concurrent"),
    "5ce0c432-0ab0-40e5-a056-782ca0e6aba2": ("concurrent_large", "concurrent_large"),
    "b689f2a7-8adf-477a-9f99-32e90c0ad0a2": ("storage", "storage"),
    "731e279e-aafb-4575-a771-38caa6f0cca6": ("storage2", "storage2"),
    "f157cda0-550c-11e5-a6fa-0002a5d5c51b": ("storage_benchmark", "storage_benchmark"),
    "873bcd08-c2c3-11e6-a937-d0bf9c45c61c": ("socket", "socket"),
    "380231ac-fb99-47ad-a689-9e017eb6e78a": ("supp_plugin", "supp_plugin"),
    "25497083-a58a-4fc5-8a72-1ad7b69b8562": ("large", "large"),
    "5c206987-16a3-59cc-ab0f-64b9cfc9e758": ("subkey1", "subkey1"),
    "a720ccbb-51da-417d-b82e-e5445d474a7a": ("subkey2", "subkey2"),
    "02a42f43-d8b7-4a57-aa4d-87bd9b5587cb": ("crypto_perf", "crypto_perf"),
    "12345678-5b69-11e4-9dbb-101f74f00099": ("sdp_basic", "sdp_basic"),
    # Ours.
    "7ca72964-d95a-432d-92d3-65b5bad2be67": (
        "pytee_client_conformance",
        "pytee_client's conformance",
    ),
}
"""By their UUIDs: the name that OP-TEE's sources have, and the name for texts."""

NAMES: Final[dict[str, str]] = {uuid: text for uuid, (_, text) in WELL_KNOWN.items()}
"""The names for texts, also of applications that the program has declared."""


def named(uuid: UUID) -> str:
    """Return a UUID as texts have it, after the name of its Trusted Application if it has one."""
    text = str(uuid)
    name = NAMES.get(text)
    return f"{name} ({text})" if name else text
