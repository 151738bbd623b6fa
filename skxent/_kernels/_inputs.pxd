"""What the wrapper of the networks takes from the checks of their arguments."""

from skxent._kernels._network cimport skx_inputs, skx_rows, skx_targets, skx_weights


cdef void *address_of(array) except? NULL
cdef check_array(name, array, dtypes, ndim)
cdef check_vector(name, array, dtypes, Py_ssize_t length, writeable=*)
cdef check_number(name, value, low, high=*, open_high=*)


cdef class Rows:
    cdef skx_rows c
    cdef object keep


cdef class Targets:
    cdef skx_targets c
    cdef object keep


cdef class Weights:
    cdef skx_weights c
    cdef object keep


cdef class Inputs:
    cdef skx_inputs c
    cdef tuple keep
    cdef _set_dense(self, name, X)
    cdef _place_fields(self)
