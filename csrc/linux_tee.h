/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user-space interface of the Linux TEE subsystem, as far as a client needs
 * it. It stands here so that no system header has to be present or recent. Names are those of the kernel's uAPI.
 */
#ifndef LINUX_TEE_H
#define LINUX_TEE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__mips__) || defined(__powerpc__) || defined(__sparc__) || \
	defined(__alpha__) || defined(__hppa__)
#error "the ioctl numbers below use the generic encoding, not this machine's"
#endif

#define TEE_IOC_MAGIC 0xa4UL
#define TEE_IOC_WRITE 1UL
#define TEE_IOC_READ 2UL
#define TEE_IOC(direction, number, size)                                      \
	(((direction) << 30) | ((unsigned long)(size) << 16) |                \
	 (TEE_IOC_MAGIC << 8) | (number))

#define TEE_MAX_ARG_SIZE 4096

#define TEE_GEN_CAP_GP 0x01
#define TEE_GEN_CAP_PRIVILEGED 0x02
#define TEE_GEN_CAP_REG_MEM 0x04
#define TEE_GEN_CAP_MEMREF_NULL 0x08
#define TEE_GEN_CAP_OBJREF 0x10

#define TEE_IMPL_ID_OPTEE 1
#define TEE_IMPL_ID_AMDTEE 2
#define TEE_IMPL_ID_TSTEE 3
#define TEE_IMPL_ID_QTEE 4

#define TEE_OPTEE_CAP_TZ 0x01

#define TEE_IOCTL_PARAM_ATTR_TYPE_NONE 0
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INPUT 1
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT 2
#define TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_INOUT 3
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT 5
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT 6
#define TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INOUT 7
/* The next six since Linux 6.18. */
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INPUT 8
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_OUTPUT 9
#define TEE_IOCTL_PARAM_ATTR_TYPE_UBUF_INOUT 10
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INPUT 11
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_OUTPUT 12
#define TEE_IOCTL_PARAM_ATTR_TYPE_OBJREF_INOUT 13
#define TEE_IOCTL_PARAM_ATTR_META 0x100

/* The shared-memory id of a memref without memory; all 64 bits count. */
#define TEE_MEMREF_NULL UINT64_MAX
/* The id of no object. */
#define TEE_OBJREF_NULL UINT64_MAX

struct tee_ioctl_version_data {
	uint32_t impl_id;
	uint32_t impl_caps;
	uint32_t gen_caps;
};

struct tee_ioctl_shm_alloc_data {
	uint64_t size;
	uint32_t flags;
	int32_t id;
};

struct tee_ioctl_shm_register_data {
	uint64_t addr;
	uint64_t length;
	uint32_t flags;
	int32_t id;
};

struct tee_ioctl_shm_register_fd_data {
	int64_t fd;
	uint64_t size;
	uint32_t flags;
	int32_t id;
};

struct tee_ioctl_buf_data {
	uint64_t buf_ptr;
	uint64_t buf_len;
};

/*
 * a, b, c: a value's fields, or a memref's offset, size and memory id; a user
 * buffer's address and size; an object's id and flags.
 */
struct tee_ioctl_param {
	uint64_t attr;
	uint64_t a;
	uint64_t b;
	uint64_t c;
};

/* Parameters follow the arguments of OPEN_SESSION and INVOKE directly. */
struct tee_ioctl_open_session_arg {
	uint8_t uuid[16];
	uint8_t clnt_uuid[16];
	uint32_t clnt_login;
	uint32_t cancel_id;
	uint32_t session;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
};

struct tee_ioctl_invoke_arg {
	uint32_t func;
	uint32_t session;
	uint32_t cancel_id;
	uint32_t ret;
	uint32_t ret_origin;
	uint32_t num_params;
};

struct tee_ioctl_cancel_arg {
	uint32_t cancel_id;
	uint32_t session;
};

struct tee_ioctl_close_session_arg {
	uint32_t session;
};

/* Since Linux 6.18; for services that are objects and have no sessions. */
struct tee_ioctl_object_invoke_arg {
	uint64_t id;
	uint32_t op;
	uint32_t ret;
	uint32_t num_params;
	uint32_t pad;
};

/* For the supplicant. The kernel spells these names this way. */
struct tee_iocl_supp_recv_arg {
	uint32_t func;
	uint32_t num_params;
};

struct tee_iocl_supp_send_arg {
	uint32_t ret;
	uint32_t num_params;
};

#define TEE_IOC_VERSION                                                       \
	TEE_IOC(TEE_IOC_READ, 0, sizeof(struct tee_ioctl_version_data))
#define TEE_IOC_SHM_ALLOC                                                     \
	TEE_IOC(TEE_IOC_READ | TEE_IOC_WRITE, 1,                              \
		sizeof(struct tee_ioctl_shm_alloc_data))
#define TEE_IOC_OPEN_SESSION                                                  \
	TEE_IOC(TEE_IOC_READ, 2, sizeof(struct tee_ioctl_buf_data))
#define TEE_IOC_INVOKE                                                        \
	TEE_IOC(TEE_IOC_READ, 3, sizeof(struct tee_ioctl_buf_data))
#define TEE_IOC_CANCEL                                                        \
	TEE_IOC(TEE_IOC_READ, 4, sizeof(struct tee_ioctl_cancel_arg))
#define TEE_IOC_CLOSE_SESSION                                                 \
	TEE_IOC(TEE_IOC_READ, 5, sizeof(struct tee_ioctl_close_session_arg))
#define TEE_IOC_SUPPL_RECV                                                    \
	TEE_IOC(TEE_IOC_READ, 6, sizeof(struct tee_ioctl_buf_data))
#define TEE_IOC_SUPPL_SEND                                                    \
	TEE_IOC(TEE_IOC_READ, 7, sizeof(struct tee_ioctl_buf_data))
#define TEE_IOC_SHM_REGISTER_FD                                               \
	TEE_IOC(TEE_IOC_READ | TEE_IOC_WRITE, 8,                              \
		sizeof(struct tee_ioctl_shm_register_fd_data))
#define TEE_IOC_SHM_REGISTER                                                  \
	TEE_IOC(TEE_IOC_READ | TEE_IOC_WRITE, 9,                              \
		sizeof(struct tee_ioctl_shm_register_data))
#define TEE_IOC_OBJECT_INVOKE                                                 \
	TEE_IOC(TEE_IOC_READ, 10, sizeof(struct tee_ioctl_buf_data))

#define TEE_ASSERT_SIZE(type, size)                                           \
	_Static_assert(sizeof(struct type) == (size), #type " has the size "  \
						      "the kernel expects")
#define TEE_ASSERT_OFFSET(type, field, offset)                                \
	_Static_assert(offsetof(struct type, field) == (offset),              \
		       #type "." #field " is where the kernel expects it")

TEE_ASSERT_SIZE(tee_ioctl_version_data, 12);
TEE_ASSERT_OFFSET(tee_ioctl_version_data, impl_id, 0);
TEE_ASSERT_OFFSET(tee_ioctl_version_data, impl_caps, 4);
TEE_ASSERT_OFFSET(tee_ioctl_version_data, gen_caps, 8);

TEE_ASSERT_SIZE(tee_ioctl_shm_alloc_data, 16);
TEE_ASSERT_OFFSET(tee_ioctl_shm_alloc_data, size, 0);
TEE_ASSERT_OFFSET(tee_ioctl_shm_alloc_data, flags, 8);
TEE_ASSERT_OFFSET(tee_ioctl_shm_alloc_data, id, 12);

TEE_ASSERT_SIZE(tee_ioctl_shm_register_data, 24);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_data, addr, 0);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_data, length, 8);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_data, flags, 16);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_data, id, 20);

TEE_ASSERT_SIZE(tee_ioctl_shm_register_fd_data, 24);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_fd_data, fd, 0);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_fd_data, size, 8);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_fd_data, flags, 16);
TEE_ASSERT_OFFSET(tee_ioctl_shm_register_fd_data, id, 20);

TEE_ASSERT_SIZE(tee_ioctl_buf_data, 16);
TEE_ASSERT_OFFSET(tee_ioctl_buf_data, buf_ptr, 0);
TEE_ASSERT_OFFSET(tee_ioctl_buf_data, buf_len, 8);

TEE_ASSERT_SIZE(tee_ioctl_param, 32);
TEE_ASSERT_OFFSET(tee_ioctl_param, attr, 0);
TEE_ASSERT_OFFSET(tee_ioctl_param, a, 8);
TEE_ASSERT_OFFSET(tee_ioctl_param, b, 16);
TEE_ASSERT_OFFSET(tee_ioctl_param, c, 24);

TEE_ASSERT_SIZE(tee_ioctl_open_session_arg, 56);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, uuid, 0);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, clnt_uuid, 16);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, clnt_login, 32);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, cancel_id, 36);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, session, 40);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, ret, 44);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, ret_origin, 48);
TEE_ASSERT_OFFSET(tee_ioctl_open_session_arg, num_params, 52);

TEE_ASSERT_SIZE(tee_ioctl_invoke_arg, 24);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, func, 0);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, session, 4);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, cancel_id, 8);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, ret, 12);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, ret_origin, 16);
TEE_ASSERT_OFFSET(tee_ioctl_invoke_arg, num_params, 20);

TEE_ASSERT_SIZE(tee_ioctl_cancel_arg, 8);
TEE_ASSERT_OFFSET(tee_ioctl_cancel_arg, cancel_id, 0);
TEE_ASSERT_OFFSET(tee_ioctl_cancel_arg, session, 4);

TEE_ASSERT_SIZE(tee_ioctl_close_session_arg, 4);
TEE_ASSERT_OFFSET(tee_ioctl_close_session_arg, session, 0);

TEE_ASSERT_SIZE(tee_ioctl_object_invoke_arg, 24);
TEE_ASSERT_OFFSET(tee_ioctl_object_invoke_arg, id, 0);
TEE_ASSERT_OFFSET(tee_ioctl_object_invoke_arg, op, 8);
TEE_ASSERT_OFFSET(tee_ioctl_object_invoke_arg, ret, 12);
TEE_ASSERT_OFFSET(tee_ioctl_object_invoke_arg, num_params, 16);

TEE_ASSERT_SIZE(tee_iocl_supp_recv_arg, 8);
TEE_ASSERT_OFFSET(tee_iocl_supp_recv_arg, func, 0);
TEE_ASSERT_OFFSET(tee_iocl_supp_recv_arg, num_params, 4);

TEE_ASSERT_SIZE(tee_iocl_supp_send_arg, 8);
TEE_ASSERT_OFFSET(tee_iocl_supp_send_arg, ret, 0);
TEE_ASSERT_OFFSET(tee_iocl_supp_send_arg, num_params, 4);

_Static_assert(TEE_IOC_VERSION == 0x800ca400UL, "VERSION");
_Static_assert(TEE_IOC_SHM_ALLOC == 0xc010a401UL, "SHM_ALLOC");
_Static_assert(TEE_IOC_OPEN_SESSION == 0x8010a402UL, "OPEN_SESSION");
_Static_assert(TEE_IOC_INVOKE == 0x8010a403UL, "INVOKE");
_Static_assert(TEE_IOC_CANCEL == 0x8008a404UL, "CANCEL");
_Static_assert(TEE_IOC_CLOSE_SESSION == 0x8004a405UL, "CLOSE_SESSION");
_Static_assert(TEE_IOC_SUPPL_RECV == 0x8010a406UL, "SUPPL_RECV");
_Static_assert(TEE_IOC_SUPPL_SEND == 0x8010a407UL, "SUPPL_SEND");
_Static_assert(TEE_IOC_SHM_REGISTER_FD == 0xc018a408UL, "SHM_REGISTER_FD");
_Static_assert(TEE_IOC_SHM_REGISTER == 0xc018a409UL, "SHM_REGISTER");
_Static_assert(TEE_IOC_OBJECT_INVOKE == 0x8010a40aUL, "OBJECT_INVOKE");

#endif
