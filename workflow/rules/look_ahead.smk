# What can be seen of the configuration and the data is seen before the first job.
def look_ahead():
    """Stop before any job at what can be seen of the configuration and the data, and say what the study takes."""
    try:
        import split_data
        from chestgan.doctor import forecast, study

        known = forecast.read_known(SCHEMA.with_name("networks.json"))
        lines = study.look_ahead(config, known, Path.cwd(), split_data.inspect)
    except ImportError as error:
        # where jobs run in an image, the environment outside it may only submit them
        logger.info(f"The data aren't looked at before the first job: {error}")
        return
    except UserError as error:
        sys.exit(f"error: {error}")
    logger.info("\n".join(lines))


if workflow.is_main_process:
    look_ahead()
