def ask(event, context):
    return event
