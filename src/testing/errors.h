#pragma once

#include <gtest/gtest.h>

#include "core/error.h"

// Expects that `statement` throws snapferry::Error of `expected_kind` with a message.
#define EXPECT_ERROR(statement, expected_kind)                                                \
  do {                                                                                        \
    try {                                                                                     \
      (void)(statement);                                                                      \
      ADD_FAILURE() << #statement << " throws nothing";                                       \
    } catch (const ::snapferry::Error& caught) {                                              \
      EXPECT_EQ(::snapferry::to_string(caught.kind()), ::snapferry::to_string(expected_kind)) \
          << caught.message();                                                                \
      EXPECT_FALSE(caught.message().empty());                                                 \
    }                                                                                         \
  } while (false)
